from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .program import is_program

WHOLE = 100.0
SHARED = "shared"


class O2cCommissionSplit(models.Model):
    """Whose a line of an order is: the shares of agreements in its commission.

    They are set by the agreements in force when the order is confirmed and may be changed with a reason. What
    was invoiced by then stays as it was.
    """

    _name = "o2c.commission.split"
    _description = "Commission Split"
    _order = "order_line_id, sequence, id"
    _rec_name = "payee_id"

    order_line_id = fields.Many2one(
        "sale.order.line", required=True, index=True, ondelete="cascade"
    )
    order_id = fields.Many2one(related="order_line_id.order_id", store=True, index=True)
    company_id = fields.Many2one(related="order_line_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    agreement_id = fields.Many2one(
        "o2c.commission.agreement", required=True, index=True, ondelete="restrict", check_company=True
    )
    payee_id = fields.Many2one(related="agreement_id.payee_id", store=True, index=True)
    share = fields.Float(
        string="Share (%)", digits=(7, 4), required=True, default=WHOLE, aggregator=None
    )
    mode = fields.Selection(
        [(SHARED, "Shared"), ("overlay", "On Top")],
        required=True,
        default=SHARED,
        help="Shared ones of a line add up to 100 % at the most, the rest stays with the house; those on "
        "top are paid besides.",
    )
    is_cut = fields.Boolean(
        string="Cut", readonly=True, help="The agreement asks for more, which others have before it."
    )
    reason = fields.Char(help="Why it is not what the agreements say.")

    _share_ck = models.Constraint(
        "CHECK(share > 0 AND share <= 100)", "A share is more than 0 % and 100 % at the most."
    )
    _once = models.UniqueIndex(
        "(order_line_id, agreement_id)", "An agreement has one share of an order line."
    )

    @api.model_create_multi
    def create(self, vals_list):
        splits = super().create(vals_list)
        if not is_program(self.env):
            splits._check_reason()
            splits._on_change()
        return splits

    def write(self, vals):
        if not is_program(self.env) and not {"order_line_id", "is_cut"}.isdisjoint(vals):
            raise UserError(self.env._("A share stays with its order line. Delete it and enter another one."))
        result = super().write(vals)
        if not is_program(self.env):
            self._check_reason()
            self._on_change()
        return result

    def unlink(self):
        orders = self.order_id
        result = super().unlink()
        if not is_program(self.env):
            orders._o2c_refresh_commission(anew=True)
        return result

    @api.constrains("share", "mode", "order_line_id")
    def _check_shares(self):
        shared = dict(
            # sudo: shares of others count, too, though the user may not read them
            self.sudo()._read_group(
                Domain("order_line_id", "in", self.order_line_id.ids) & Domain("mode", "=", SHARED),
                ["order_line_id"],
                ["share:sum"],
            )
        )
        for line, total in shared.items():
            if total > WHOLE + 0.00005:
                raise ValidationError(
                    self.env._(
                        "The shared parts of %(line)s add up to %(total)s %%. They may be 100 %% at the "
                        "most; make one smaller, or put it on top.",
                        line=line.display_name,
                        total=round(total, 4),
                    )
                )

    def _check_reason(self):
        for split in self:
            if not (split.reason or "").strip():
                raise ValidationError(
                    self.env._(
                        "Say why %(payee)s has another share of %(line)s than the agreements give.",
                        payee=split.payee_id.name,
                        line=split.order_line_id.display_name,
                    )
                )

    def _on_change(self):
        # Who confirmed the order before commission was in use had nobody assigned.
        self.order_id._o2c_set_assigned()
        self.order_id._o2c_refresh_commission(anew=True)
