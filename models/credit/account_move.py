from odoo import api, fields, models
from odoo.tools.misc import formatLang


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_credit_message = fields.Text(
        compute="_compute_o2c_credit_message",
        groups="account.group_account_invoice,account.group_account_readonly",
        help="What is wrong with the credit of the customer of this draft.",
    )

    def _compute_partner_credit_warning(self):
        # As on orders: core's warning would contradict ours.
        controlled = self.filtered("company_id.o2c_use_credit")
        controlled.partner_credit_warning = ""
        return super(AccountMove, self - controlled)._compute_partner_credit_warning()

    @api.depends("partner_id", "state", "company_id")
    @api.depends_context("uid", "lang")
    def _compute_o2c_credit_message(self):
        self.o2c_credit_message = False
        drafts = self.filtered(
            lambda move: (
                move.state == "draft"
                and move.move_type in ("out_invoice", "out_receipt")
                and move.partner_id
                and move.company_id.o2c_use_credit
            )
        )
        for company, moves in drafts.grouped(lambda move: move.company_id.root_id).items():
            # Whoever invoices may read what his invoices tell him; the limit comes with them.
            customers = moves.sudo().commercial_partner_id
            sentences = customers._o2c_credit_sentences(company)
            for move in moves:
                move.o2c_credit_message = sentences.get(move.sudo().commercial_partner_id.id)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _o2c_credit_sentences(self, company):
        """What is wrong with the credit of these commercial partners, and who can change it.

        :param company: a root ``res.company``
        :return: {id of the partner: text}, without those that nothing is wrong with
        """
        Account = self.env["o2c.credit.account"]
        debtors = {customer.id: customer._o2c_debtor() for customer in self}
        limits = Account._limits(self.union(*debtors.values()), company)
        exposures = Account._get_exposure(self, company)
        currency = company.currency_id
        result = {}
        for customer in self:
            limit = limits[debtors[customer.id].id]
            used = exposures[customer.id].exposure
            sentences = []
            if customer.o2c_is_on_hold:
                sentences.append(
                    self.env._("%(customer)s is on hold.", customer=customer.name)
                )
            if limit.is_finite and currency.compare_amounts(used, limit.amount) > 0:
                sentences.append(
                    self.env._(
                        "%(customer)s has used %(used)s of its credit, %(excess)s above the limit "
                        "of %(limit)s.",
                        customer=debtors[customer.id].name,
                        used=formatLang(self.env, used, currency_obj=currency),
                        excess=formatLang(self.env, used - limit.amount, currency_obj=currency),
                        limit=formatLang(self.env, limit.amount, currency_obj=currency),
                    )
                )
            if sentences:
                sentences.append(self._o2c_who_decides(company))
                result[customer.id] = " ".join(sentences)
        return result

    @api.model
    def _o2c_who_decides(self, company):
        # Names of colleagues who decide: told to every salesperson whose invoice is held.
        managers = self.env.ref("order_to_cash.group_credit_manager").sudo().all_user_ids
        names = managers.filtered(
            lambda user: user.active and company in user.company_ids
        ).mapped("name")
        if not names:
            return self.env._("Nobody is credit manager in this company.")
        return self.env._("Credit is decided by: %(managers)s.", managers=", ".join(names))
