"""Why a row of the ledger is what it is, in words, in the payee's language."""

from odoo.tools import format_date
from odoo.tools.misc import get_lang


class Words:
    """Sentences in one language. Thousands of them are written at once: figures are formatted here."""

    def __init__(self, env, lang=None):
        self.env = env(context={**env.context, "lang": lang or env.lang or env.user.lang})
        language = get_lang(self.env)
        self._point = language.decimal_point
        self._thousands = language.thousands_sep or ""
        self._days = {}

    def number(self, value, digits=2):
        """A figure with separators."""
        text = f"{value:,.{digits}f}"
        return text.replace(",", "\0").replace(".", self._point).replace("\0", self._thousands)

    def rate(self, value):
        """A figure without needless zeros."""
        return self.number(value, 4).rstrip("0").rstrip(self._point)

    def money(self, value, currency):
        return f"{self.number(value, currency.decimal_places)} {currency.name}"

    def day(self, day):
        if day not in self._days:
            self._days[day] = format_date(self.env, day)
        return self._days[day]

    # ------------------------------------------------------------------
    # Sentences
    # ------------------------------------------------------------------

    def terms(self, credited, earning):
        """What a line earns and by which rule."""
        claim = credited.claim
        currency = self.env["res.currency"].browse(credited.line.currency_id)
        what = self._what(claim, earning, currency, credited.plan)
        if credited.credit.share != 100:
            what = self.env._(
                "%(what)s, of which a share of %(share)s %%",
                what=what,
                share=self.rate(credited.credit.share),
            )
        if credited.credit.is_cut:
            what = self.env._(
                "%(what)s (the agreement asks for %(asked)s %%; the rest is others')",
                what=what,
                asked=self.rate(credited.agreement.share),
            )
        return self.env._(
            "%(what)s: rule “%(rule)s” of %(plan)s",
            what=what,
            rule=self._rule(credited.rule),
            plan=credited.plan.display_name,
        )

    def _rule(self, rule):
        names = self.env["o2c.commission.plan"]._catalog().names
        key = (rule.id, self.env.lang)
        if key not in names:
            names[key] = rule.with_env(self.env).display_name
        return names[key]

    def _what(self, claim, earning, currency, plan):
        terms = claim.terms
        own = plan.company_id.currency_id
        if terms.method == "fixed" or terms.is_per_unit:
            return self.env._(
                "%(rate)s for each of %(quantity)s",
                rate=self.money(earning.rate, own),
                quantity=self.rate(claim.quantity),
            )
        base = self.money(claim.base, currency)
        if terms.base == "margin":
            return self.env._("%(rate)s %% of a margin of %(base)s", rate=self.rate(earning.rate), base=base)
        return self.env._("%(rate)s %% of %(base)s", rate=self.rate(earning.rate), base=base)

    def with_earlier(self, text, whole, currency):
        """The same, and what is earned with the goods of the order line that were delivered before."""
        return self.env._(
            "%(what)s; with what was delivered before it comes to %(whole)s",
            what=text,
            whole=self.money(whole, currency),
        )

    def delivered_otherwise(self, reference, quantity):
        return self.env._(
            "%(reference)s: the quantity that was delivered was changed by %(quantity)s",
            reference=reference,
            quantity=self.rate(quantity),
        )

    def goods_together(self):
        return self.env._("Brought to what all goods that were delivered earn together")

    def jump(self, tally_from):
        return self.env._(
            "Tier for all sales since %(date)s: earlier ones are brought to the rate reached",
            date=self.day(tally_from),
        )

    def levelled(self, tally_from):
        return self.env._(
            "Tier for all sales since %(date)s: brought to what they earn together",
            date=self.day(tally_from),
        )

    def refund(self, number, fraction, original, kind="out_refund"):
        if kind != "out_refund":
            return self.env._(
                "%(number)s deducts what came back: %(percent)s %% of what %(original)s earned is taken "
                "back, at its rate",
                number=number,
                percent=self.rate(fraction * 100),
                original=original,
            )
        return self.env._(
            "Credit note %(number)s takes back %(percent)s %% of what %(original)s earned, at its rate",
            number=number,
            percent=self.rate(fraction * 100),
            original=original,
        )

    def returned(self, reference, quantity, original):
        return self.env._(
            "%(reference)s brought %(quantity)s back: so much of what %(original)s earned is taken back",
            reference=reference,
            quantity=self.rate(quantity),
            original=original,
        )

    def taken_back_less(self, document, quantity, original):
        return self.env._(
            "%(document)s: %(quantity)s less of what %(original)s earned is taken back now",
            document=document,
            quantity=self.rate(quantity),
            original=original,
        )

    def payment(self, payment, total, amount, whole, currency):
        return self.env._(
            "%(payment)s: %(paid)s of %(total)s paid on %(date)s, so much of %(whole)s is due",
            payment=payment.name or self.env._("Payment"),
            paid=self.money(amount, currency),
            total=self.money(total, currency),
            date=self.day(payment.date),
            whole=self.money(whole, currency),
        )

    def settled_by_credit(self, payment, total, amount, whole, currency):
        return self.env._(
            "%(document)s settles %(paid)s of %(total)s, so much of %(whole)s is due",
            document=payment.name or "",
            paid=self.money(amount, currency),
            total=self.money(total, currency),
            whole=self.money(whole, currency),
        )

    def nothing_to_pay(self):
        return self.env._("Nothing is left to be paid of the invoice: all of it is due")

    def unpaid(self):
        return self.env._("A payment was taken off the invoice")

    def written_off(self, fraction):
        return self.env._(
            "%(percent)s %% of the sale was written off as a bad debt", percent=self.rate(fraction * 100)
        )

    def written_on(self):
        return self.env._("A write-off was taken back")

    def no_longer_expected(self):
        return self.env._("No longer expected: earned, taken back or written off")

    def invoiced(self):
        return self.env._("No longer expected of the order: invoiced or delivered")

    def expected_again(self):
        return self.env._("Expected of the order again")

    def reset(self, document):
        return self.env._("%(document)s was reset, changed or cancelled", document=document)
