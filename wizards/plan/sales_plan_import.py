import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import apportion, plan_sheet

# So many changes and problems are listed; all of them count.
SHOWN = 500


class O2cSalesPlanImport(models.TransientModel):
    """The dialog that takes an exported plan back: checked, shown, and only then applied."""

    _name = "o2c.sales.plan.import"
    _description = "Import of a Sales Plan"

    plan_id = fields.Many2one("o2c.sales.plan", required=True, readonly=True, ondelete="cascade")
    file = fields.Binary(attachment=False)
    filename = fields.Char()
    state = fields.Selection([("file", "File"), ("checked", "Checked")], default="file", readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    rounds = fields.Boolean(
        string="Round Figures", help="Figures with more decimals than the plan has are rounded."
    )
    has_decimals = fields.Boolean(readonly=True, help="Some figures have more decimals than the plan has.")
    problem_ids = fields.One2many("o2c.sales.plan.import.problem", "import_id", readonly=True)
    problem_count = fields.Integer(string="Problems", readonly=True)
    change_ids = fields.One2many("o2c.sales.plan.import.change", "import_id", readonly=True)
    change_count = fields.Integer(string="Changes", readonly=True)
    # What was shown, so that nothing else is applied.
    fingerprint = fields.Char(readonly=True)

    @api.depends("plan_id")
    def _compute_currency_id(self):
        for wizard in self:
            wizard.currency_id = wizard.plan_id._value_currency()

    def action_check(self):
        """Show what the file would change, and what stands in the way."""
        self.ensure_one()
        self._show(*self._compare())
        return self._reopen()

    def action_apply(self):
        """Make the changes that were shown.

        :raise UserError: where the file has problems, or would now change something else
        """
        self.ensure_one()
        self.plan_id.check_access("write")
        self.plan_id._check_editable()
        changes, problems = self._compare()
        if problems or not changes:
            raise UserError(self.env._("There is nothing that could be imported. Check the file again."))
        if self._fingerprint(changes) != self.fingerprint:
            raise UserError(
                self.env._("The plan was changed after the file had been checked. Check the file again.")
            )
        nodes = self._nodes_by_key()
        indexes = {str(period.date_from): index for index, period in enumerate(self.plan_id._periods())}
        precision = self.plan_id._precision()
        self.plan_id._set_targets({
            (nodes[change.node].id, indexes[change.period]): apportion.from_units(change.after, precision)
            for change in changes
        })
        self.plan_id.message_post(
            body=self.env._(
                "%(count)s targets imported from %(file)s.", count=len(changes), file=self.filename or "?"
            )
        )
        return {"type": "ir.actions.act_window_close"}

    def action_round(self):
        """Check again, rounding figures with more decimals than the plan has."""
        self.ensure_one()
        self.rounds = True
        return self.action_check()

    def action_back(self):
        """Take another file."""
        self.ensure_one()
        self.write({"state": "file", "file": False, "filename": False, "rounds": False})
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import of %(plan)s", plan=self.plan_id.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    # ------------------------------------------------------------------
    # Checking
    # ------------------------------------------------------------------

    def _compare(self):
        """:return: changes and problems of :func:`plan_sheet.compare`"""
        plan = self.plan_id
        plan.check_access("write")
        plan._check_editable()
        if not self.file:
            raise UserError(self.env._("Choose the file of an exported plan."))
        try:
            sheet = plan_sheet.read(base64.b64decode(self.file))
        except plan_sheet.SheetError as error:
            raise UserError(self._file_message(error.code)) from error
        if sheet.plan_key != plan.family_id.id:
            raise UserError(self.env._("This is the file of another plan, not of %(plan)s.", plan=plan.name))
        keys = {node.id: key for key, node in self._nodes_by_key().items()}
        periods = [str(period.date_from) for period in plan._periods()]
        present = {
            (keys[node_id], periods[index]): cell
            for (node_id, index), cell in plan._target_units(keys).items()
        }
        return plan_sheet.compare(sheet, present, self._reading())

    def _reading(self):
        # sudo: how people write numbers in a language is no secret
        lang = self.env["res.lang"].sudo()._lang_get(self.env.user.lang or "en_US")
        return plan_sheet.Reading(
            self.plan_id._precision(),
            plan_sheet.Notation(lang.decimal_point or ".", lang.thousands_sep or ""),
            self.rounds,
        )

    def _nodes_by_key(self):
        return {node.key: node for node in self.plan_id.node_ids}

    def _fingerprint(self, changes):
        return hashlib.sha256(repr(changes).encode()).hexdigest()

    def _file_message(self, code):
        messages = {
            "too_big": self.env._("This file is too big to be an exported plan."),
            "not_a_workbook": self.env._("This file cannot be read. Save it as XLSX."),
            "no_base": self.env._(
                "The hidden sheet of this file with the figures as they were exported is missing, so nobody "
                "can tell what you changed. Export the plan again and change the figures in that file."
            ),
            "not_an_export": self.env._(
                "This workbook has no exported plan. Export the plan, change the figures in that file and "
                "leave its hidden first row and column where they are."
            ),
        }
        return messages[code]

    # ------------------------------------------------------------------
    # Showing
    # ------------------------------------------------------------------

    def _show(self, changes, problems):
        precision = self.plan_id._precision()
        nodes = self._nodes_by_key()
        labels = {str(one.date_from): self.plan_id._period_label(one) for one in self.plan_id._periods()}
        self.problem_ids.unlink()
        self.change_ids.unlink()
        self.env["o2c.sales.plan.import.problem"].create([
            {
                "import_id": self.id,
                "row": problem.row,
                "column": _letters(problem.column),
                "value": problem.value,
                "reason": self._reason(problem, precision),
            }
            for problem in problems[:SHOWN]
        ])
        self.env["o2c.sales.plan.import.change"].create([
            {
                "import_id": self.id,
                "row": change.row,
                "node_id": nodes[change.node].id,
                "period": labels[change.period],
                "before": apportion.from_units(change.before, precision),
                "after": apportion.from_units(change.after, precision),
            }
            for change in changes[:SHOWN]
        ])
        self.write({
            "state": "checked",
            "problem_count": len(problems),
            "has_decimals": any(problem.code == "too_precise" for problem in problems),
            "change_count": len(changes),
            "fingerprint": self._fingerprint(changes),
        })

    def _reason(self, problem, precision):
        amount = apportion.from_units(problem.present or 0, precision)
        present = formatLang(self.env, amount, digits=self.plan_id._digits())
        reasons = {
            "unknown_period": self.env._("The plan has no period that begins on this day."),
            "repeated_period": self.env._("A second column of the same period."),
            "no_node": self.env._("Figures without a node: rows cannot be added in a file."),
            "unknown_node": self.env._("This node is not in the plan any more."),
            "repeated_node": self.env._("A second row of the same node."),
            "empty": self.env._("Empty. Type 0 if nothing is planned."),
            "not_a_number": self.env._(
                "Not a number as you write them, such as %(example)s.",
                example=formatLang(self.env, 1234.5, digits=2),
            ),
            "too_precise": self.env._(
                "More decimals than the plan has. Shorten it, or let all figures be rounded."
            ),
            "not_exported": self.env._("Not among the figures exported with this file. Export it again."),
            "locked": self.env._("Locked at %(amount)s. Unlock it in the plan first.", amount=present),
            "changed_meanwhile": self.env._(
                "Changed in the plan after the export, to %(amount)s. Export it again.", amount=present
            ),
        }
        return reasons[problem.code]


class O2cSalesPlanImportProblem(models.TransientModel):
    """A cell of the file that cannot be taken over."""

    _name = "o2c.sales.plan.import.problem"
    _description = "Problem of an Imported Sales Plan"
    _order = "row, id"

    import_id = fields.Many2one("o2c.sales.plan.import", required=True, ondelete="cascade")
    row = fields.Integer(readonly=True)
    column = fields.Char(readonly=True)
    value = fields.Char(string="Content", readonly=True)
    reason = fields.Char(string="Problem", readonly=True)


class O2cSalesPlanImportChange(models.TransientModel):
    """A target that the file would change."""

    _name = "o2c.sales.plan.import.change"
    _description = "Change of an Imported Sales Plan"
    _order = "row, id"

    import_id = fields.Many2one("o2c.sales.plan.import", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="import_id.currency_id")
    row = fields.Integer(readonly=True)
    node_id = fields.Many2one("o2c.sales.plan.node", readonly=True, ondelete="cascade")
    period = fields.Char(readonly=True)
    before = fields.Monetary(readonly=True)
    after = fields.Monetary(readonly=True)
    difference = fields.Monetary(compute="_compute_difference")

    @api.depends("before", "after")
    def _compute_difference(self):
        for change in self:
            change.difference = change.after - change.before


def _letters(column):
    """The name of a column, counted from 1, as spreadsheets show it."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
