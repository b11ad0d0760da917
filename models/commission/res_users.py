from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _o2c_is_payee(self, payee):
        """Whether commission of ``payee`` is this one user's: his own, or a portal user's company's.

        :param payee: ``res.partner``
        """
        self.ensure_one()
        # sudo: portal users read little of partners, and it is their own
        partner = self.sudo().partner_id
        # The contact of an employee may hang below that of the company: it is not the company.
        return bool(payee) and (
            payee == partner or (self.share and payee == partner.commercial_partner_id)
        )
