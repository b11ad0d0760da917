import json
from urllib.parse import urlencode

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..xlsx import Column, Sheet, workbook

# More do not fit into the address of a download.
MAX_CHOSEN = 500
READERS = "order_to_cash.group_credit_manager,order_to_cash.group_manager"
# Fields of the log in the order of its columns, with the kind and the width of the column.
COLUMNS = {
    "decided_on": ("datetime", 17),
    "decided_by_id": ("text", 24),
    "state": ("text", 12),
    "decision_note": ("text", 48),
    "order_id": ("text", 16),
    "partner_id": ("text", 32),
    "user_id": ("text", 24),
    "kind": ("text", 24),
    "rule_id": ("text", 28),
    "effect": ("text", 18),
    "reason": ("text", 64),
    "reason_id": ("text", 24),
    "currency_id": ("text", 10),
    "order_amount": ("money", 16),
    "exposure": ("money", 16),
    "credit_limit": ("money", 16),
    "approved_amount": ("money", 16),
    "expires_on": ("date", 12),
    "create_date": ("datetime", 17),
    "company_id": ("text", 24),
}
# Figures that mean something for some kinds of rule only.
KINDS_OF_FIGURE = {
    "exposure": ("credit_limit", "overdue"),
    "credit_limit": ("credit_limit", "limit_expired"),
}


class O2cHold(models.Model):
    """The decision log as a spreadsheet, for those who answer for it.

    Odoo's own export asks for a right of its own, and gives everything away with it.
    """

    _inherit = "o2c.hold"

    def action_download_decisions(self):
        """Download these decisions, or without any those that the list shows, as a spreadsheet.

        :raise AccessError: for whoever is no manager
        """
        self._check_can_download()
        if len(self) > MAX_CHOSEN:
            raise UserError(
                self.env._(
                    "Up to %(max)s decisions can be chosen one by one. Choose none to download "
                    "all that the list shows, and filter the list for what you need.",
                    max=MAX_CHOSEN,
                )
            )
        domain = [("id", "in", self.ids)] if self else self.env.context.get("active_domain", [])
        query = {"domain": json.dumps(domain)}
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/hold/decisions.xlsx?{urlencode(query)}",
            "target": "download",
        }

    def _check_can_download(self):
        if not self.env.user.has_groups(READERS):
            raise AccessError(
                self.env._("Only managers and credit managers download the log of decisions.")
            )

    def _xlsx(self):
        """These decisions as a spreadsheet."""
        labels = {
            **{name: self._fields[name]._description_string(self.env) for name in COLUMNS},
            "create_date": self.env._("Held on"),
        }
        columns = [Column(labels[name], *layout) for name, layout in COLUMNS.items()]
        selections = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("state", "kind", "effect")
        }
        rows = [[hold._xlsx_value(name, selections) for name in COLUMNS] for hold in self]
        return workbook(Sheet(self.env._("Decisions"), columns, rows))

    def _xlsx_value(self, name, selections):
        value = self[name]
        if isinstance(value, models.BaseModel):
            return value.display_name
        if name in selections:
            return selections[name][value]
        if COLUMNS[name][0] == "datetime":
            return fields.Datetime.context_timestamp(self, value).replace(tzinfo=None)
        if COLUMNS[name][0] == "money" and not self._has_figure(name):
            return None
        return value

    def _has_figure(self, name):
        if name in KINDS_OF_FIGURE:
            return self.kind in KINDS_OF_FIGURE[name]
        # On a customer there is no amount; a rejection approves none.
        return bool(self.order_id) and (name != "approved_amount" or self.state == "released")
