"""How long stock is held back. That the time is over is a condition everywhere, not a job."""

from datetime import timedelta

from odoo import api, fields, models

DAYS = 7


class O2cSoftReservation(models.Model):
    _inherit = "o2c.soft.reservation"

    @api.model
    def _default_expires_at(self):
        # sudo: how long they last is no secret to whoever makes one
        days = self.env.company.sudo().o2c_soft_days or DAYS
        return fields.Datetime.now() + timedelta(days=days)

    @api.model
    def _cron_expire(self):
        """Record that those are expired whose time is over. They hold back nothing anyway."""
        over = self.search([("stage", "=", "active"), ("expires_at", "<=", fields.Datetime.now())])
        # sudo: the daily step of nobody in particular
        over.sudo().write({"stage": "expired"})
