from odoo import api, fields, models
from odoo.exceptions import AccessError

# What the opening import passes in the context to be let through. It is compared by identity, so
# that no caller from outside can build it: a context from the web client is made of plain values.
OPENING = object()


class O2cOpeningGuard(models.AbstractModel):
    """Fields that the opening import alone may set.

    They let an order through without credit checks and say that a quantity was delivered that no
    stock move has delivered.
    """

    _name = "o2c.opening.guard"
    _description = "Fields Set by an Opening Import"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_opening_fields(name for name in vals if vals[name])
        return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        # A default in the context, or one that a user has saved, would pass by the check above.
        if self.env.context.get("o2c_opening") is not OPENING:
            guarded = self._opening_fields()
            fields = [name for name in fields if name not in guarded]
        return super().default_get(fields)

    def write(self, vals):
        self._check_opening_fields(vals)
        return super().write(vals)

    @api.model
    def _opening_fields(self):
        """The names of the guarded fields."""
        return set()

    @api.model
    def _check_opening_fields(self, names):
        guarded = self._opening_fields().intersection(names)
        if guarded and self.env.context.get("o2c_opening") is not OPENING:
            labels = [self._fields[name]._description_string(self.env) for name in sorted(guarded)]
            raise AccessError(
                self.env._("Only an opening import sets: %(fields)s.", fields=", ".join(labels))
            )


class O2cOpeningDocument(models.AbstractModel):
    """A document that may have been brought from an old system by ``o2c.opening.import``."""

    _name = "o2c.opening.document"
    _inherit = ["o2c.opening.guard"]
    _description = "Document of an Opening Import"

    o2c_opening_import_id = fields.Many2one(
        "o2c.opening.import",
        string="Opening Import",
        groups="base.group_user",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The import that brought this document from the old system.",
    )
    o2c_opening_key = fields.Char(
        string="Number in the Old System",
        groups="base.group_user",
        readonly=True,
        copy=False,
    )

    def _opening_fields(self):
        return super()._opening_fields() | {"o2c_opening_import_id", "o2c_opening_key"}
