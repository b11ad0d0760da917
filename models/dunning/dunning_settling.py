from odoo import api, models
from odoo.fields import Domain

from .dunning_call import CALL
from .dunning_notice import QUIET


class O2cDunningNotice(models.Model):
    """What becomes of reminders that were sent: paid, or open again."""

    _inherit = "o2c.dunning.notice"

    @api.model
    def _open_line_domain(self):
        """The lines whose items may still have to be paid: a draft may be posted again."""
        return Domain("move_line_id.reconciled", "=", False) & Domain(
            "move_line_id.parent_state", "!=", "cancel"
        )

    @api.model
    def _mark_settled(self, domain):
        """Mark the sent reminders in ``domain`` of which nothing is open any more as paid."""
        settled = self.search(
            Domain(domain)
            & Domain("state", "=", "sent")
            & ~Domain("line_ids", "any", self._open_line_domain())
        ).with_context(**QUIET)
        settled.state = "paid"
        # Who has paid is not called any more.
        settled.activity_unlink([CALL])

    @api.model
    def _mark_reopened(self, domain):
        """Mark the paid reminders in ``domain`` whose payment was taken back as sent again."""
        self.search(
            Domain(domain)
            & Domain("state", "=", "paid")
            & Domain("sent_on", "!=", False)
            & Domain("line_ids", "any", self._open_line_domain())
        ).with_context(**QUIET).state = "sent"
