"""Why a sale earns a payee nothing."""

from .crediting import Crediting

NO_AGREEMENT = "no_agreement"
NO_PLAN = "no_plan"
NO_PAY = "no_pay"
NO_RULE = "no_rule"
NOT_ACCRUED = "not_accrued"


class Uncredited(Crediting):
    """Tells of lines that are not in the ledger for a payee what kept them out."""

    def reason(self, line, agreement_ids, shares):
        """What kept a line out.

        :param line: :class:`SaleLine`
        :param agreement_ids: set of ids, the payee's
        :param shares: as :meth:`covering` returns them
        :return: one of the codes above
        """
        own = [
            credit
            for credit in shares.get((line.source, line.res_id), ())
            if credit.agreement_id in agreement_ids
        ]
        if not own:
            return NO_AGREEMENT
        plans = [
            plan
            for credit in own
            if (plan := self.catalog.version_at(self._agreed(credit.agreement_id).family_id, line.date))
        ]
        if not plans:
            return NO_PLAN
        paying = [plan for plan in plans if plan.pays_for(line.product_type, line.is_freight)]
        if not paying:
            return NO_PAY
        if not any(plan.book.best(self._fact(line)) for plan in paying):
            return NO_RULE
        return NOT_ACCRUED
