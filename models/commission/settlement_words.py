"""Why a settlement adds a row, in words, in the payee's language."""

from .words import Words

# Parts that follow what is agreed for so many days.
PRORATED = ("cap", "guarantee", "draw")


class SettlementWords(Words):
    """Sentences about periods."""

    def period(self, period):
        return self.env._(
            "%(first)s – %(last)s", first=self.day(period.date_from), last=self.day(period.date_to)
        )

    def part(self, part, sheet, currency):
        """What a row is for.

        :param part: of :data:`settlement.PARTS`
        :param sheet: :class:`settlement_period.Sheet`
        """
        text = getattr(self, f"_{part}")(sheet, lambda value: self.money(value, currency))
        if part in PRORATED and sheet.days < sheet.full_days:
            return self.env._(
                "%(period)s: %(what)s (agreed for %(days)s of %(full)s days)",
                period=self.period(sheet.period),
                what=text,
                days=sheet.days,
                full=sheet.full_days,
            )
        return self.env._("%(period)s: %(what)s", period=self.period(sheet.period), what=text)

    def changed(self, text, before, currency):
        return self.env._(
            "%(text)s. %(before)s of it was written down before.",
            text=text,
            before=self.money(before, currency),
        )

    def _accelerator(self, sheet, money):
        return self.env._(
            "accelerator for %(attainment)s %% of plan, on a commission of %(commission)s",
            attainment=self._attainment(sheet),
            commission=money(sheet.commission),
        )

    def _bonus(self, sheet, money):
        return self.env._(
            "bonus of %(bonus)s for %(attainment)s %% of plan",
            bonus=money(sheet.extra.bonus),
            attainment=self._attainment(sheet),
        )

    def _cap(self, sheet, money):
        return self.env._(
            "capped at %(cap)s of %(total)s",
            cap=money(sheet.terms.cap),
            total=money(sheet.commission + sheet.extra.accelerator + sheet.extra.bonus),
        )

    def _guarantee(self, sheet, money):
        return self.env._(
            "guaranteed are %(guarantee)s, earned were %(total)s",
            guarantee=money(sheet.terms.guarantee),
            total=money(sheet.extra.net - sheet.extra.guarantee),
        )

    def _draw(self, sheet, money):
        if sheet.terms.is_recoverable:
            return self.env._(
                "draw of %(draw)s, earned were %(net)s; the difference is lent, %(balance)s in all",
                draw=money(sheet.terms.draw),
                net=money(sheet.extra.net),
                balance=money(sheet.drawn.balance),
            )
        return self.env._(
            "draw of %(draw)s, earned were %(net)s", draw=money(sheet.terms.draw), net=money(sheet.extra.net)
        )

    def _recover(self, sheet, money):
        return self.env._(
            "draws of earlier periods are taken off; %(balance)s are left",
            balance=money(sheet.drawn.balance),
        )

    def _attainment(self, sheet):
        return self.rate(round(sheet.attainment or 0.0, 2))

    # ------------------------------------------------------------------
    # Other rows
    # ------------------------------------------------------------------

    def cancelled(self, name):
        return self.env._("%(settlement)s was cancelled: written down anew by the next one", settlement=name)

    def carried_off(self, name):
        return self.env._("Below zero: carried forward from %(settlement)s", settlement=name)

    def carried_on(self, name):
        return self.env._("Carried forward from %(settlement)s", settlement=name)
