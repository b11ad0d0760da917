"""What a write-off books."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.order_to_cash.algorithms import write_off


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_write_off_id = fields.Many2one(
        "o2c.write.off",
        string="Write-off",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="account.group_account_readonly,account.group_account_invoice,"
        "order_to_cash.group_user",
    )
    o2c_written_off = fields.Monetary(
        string="Written Off",
        compute="_compute_o2c_written_off",
        groups="base.group_user",
        help="The part of the invoice that was given up.",
    )

    def _compute_o2c_written_off(self):
        # sudo: who sees an invoice may know why nothing is open of it
        amounts = dict(
            self.env["o2c.write.off.line"]
            .sudo()
            ._read_group(
                [("move_id", "in", self.ids), ("state", "=", "approved")],
                ["move_id"],
                ["amount:sum"],
            )
        )
        for move in self:
            move.o2c_written_off = amounts.get(move._origin.sudo(), 0.0)

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        # sudo: who may not see the field may not set it either. A default would come by the context.
        if not self.env.su and moves.sudo().o2c_write_off_id:
            self._o2c_refuse_write_off()
        return moves

    def write(self, vals):
        if "o2c_write_off_id" in vals and not self.env.su:
            self._o2c_refuse_write_off()
        return super().write(vals)

    def _o2c_refuse_write_off(self):
        raise AccessError(
            self.env._("Which write-off an entry belongs to is recorded by the program only.")
        )

    def action_o2c_write_off(self):
        """Request to write off what is open of these invoices of one customer."""
        lines = self.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
            and line.parent_state == "posted"
            and not line.reconciled
            and line.amount_residual_currency > 0
        )
        customers = lines.partner_id.commercial_partner_id
        if len(customers) != 1 or len(lines.company_id) != 1:
            raise UserError(
                self.env._("Choose open invoices of one customer and one company to write off.")
            )
        lines.company_id._o2c_check_dunning_is_on()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write-off"),
            "res_model": "o2c.write.off",
            "view_mode": "form",
            "context": {
                "default_partner_id": customers.id,
                "default_company_id": lines.company_id.id,
                "default_line_ids": [
                    Command.create({"move_line_id": line.id}) for line in lines
                ],
            },
        }


class O2cWriteOff(models.Model):
    _inherit = "o2c.write.off"

    def _book(self):
        """Book the write-off, one entry a currency, and reconcile it with its documents."""
        self.ensure_one()
        # sudo: who approves need not keep the books; that he may approve was checked.
        write_off = self.sudo().with_company(self.company_id)
        date = self.date or self.company_id._o2c_today()
        journal = self.company_id._o2c_write_off_journal()
        self.company_id._o2c_check_period_is_open(date, journal, self.take_tax_back)
        for currency, lines in write_off.line_ids.grouped("currency_id").items():
            entry = (
                write_off.env["account.move"]
                .with_context(skip_invoice_sync=True)
                .create({
                    "move_type": "entry",
                    "company_id": write_off.company_id.id,
                    "journal_id": journal.id,
                    "date": date,
                    "currency_id": currency.id,
                    "partner_id": write_off.partner_id.id,
                    "ref": self.env._(
                        "Write-off %(write_off)s: %(customer)s",
                        write_off=write_off.name,
                        customer=write_off.partner_id.display_name,
                    ),
                    "o2c_write_off_id": write_off.id,
                    "line_ids": [
                        Command.create(values)
                        for line in lines
                        for values in line._entry_items()
                    ],
                })
            )
            entry.action_post()
            ends = entry.line_ids.filtered(
                lambda item: item.account_id.account_type == "asset_receivable"
            )
            # One credit a document, in the same order.
            for line, credit in zip(lines, ends.sorted("id"), strict=True):
                (line.move_line_id + credit).reconcile()
        write_off.line_ids.date = date

    def _reverse(self):
        self.ensure_one()
        # sudo: who approves need not keep the books; that he may was checked.
        entries = self.sudo().entry_ids.filtered(
            lambda entry: entry.state == "posted"
            and not entry.reversed_entry_id
            # An accountant may have reversed it in the books.
            and not entry.reversal_move_ids.filtered(lambda other: other.state == "posted")
        )
        date = self.company_id._o2c_today()
        journal = entries.journal_id[:1]
        self.company_id._o2c_check_period_is_open(date, journal, self.take_tax_back)
        entries._reverse_moves(
            [
                {
                    "date": date,
                    "ref": self.env._("Reversal of %(entry)s", entry=entry.name),
                    "o2c_write_off_id": self.id,
                }
                for entry in entries
            ],
            cancel=True,
        )


class O2cWriteOffLine(models.Model):
    _inherit = "o2c.write.off.line"

    def _entry_items(self):
        """Values of the journal items of this one line: the loss, its tax, the debt it ends."""
        self.ensure_one()
        item = self.move_line_id
        common = {
            "name": item.move_id.name,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
        }
        balance = write_off.carrying_value(
            self.amount,
            item.amount_residual_currency,
            item.amount_residual,
            self.company_currency_id.round,
        )
        losses = (
            self._items_with_tax(balance)
            if self.write_off_id.take_tax_back and self._has_tax()
            else [
                {
                    "account_id": self._loss_account().id,
                    "amount_currency": self.amount,
                    "balance": balance,
                }
            ]
        )
        return [
            *({**common, **values} for values in losses),
            {
                **common,
                "account_id": item.account_id.id,
                "amount_currency": -self.amount,
                "balance": -balance,
            },
        ]

    def _has_tax(self):
        move = self.move_line_id.move_id
        return move.is_sale_document(include_receipts=True) and bool(move.line_ids.tax_line_id)

    def _loss_account(self):
        account = self.company_id.o2c_write_off_account_id
        if not account:
            raise UserError(
                self.env._(
                    "Choose the account of bad debts of %(company)s under Order to Cash > "
                    "Configuration > Settings.",
                    company=self.company_id.display_name,
                )
            )
        return account

    def _items_with_tax(self, balance):
        """The loss without its tax, and the tax as a credit note would take it back."""
        move = self.move_line_id.move_id
        # Revenue and tax stand in credit on an invoice, in debit on the write-off.
        untaxed, taxed = defaultdict(float), defaultdict(float)
        untaxed_company, taxed_company = defaultdict(float), defaultdict(float)
        for line in move.line_ids:
            # A tax that is reduced upon the invoice has less of a base: the "epd" lines say so.
            if line.display_type in ("product", "epd"):
                untaxed[line.tax_ids] -= line.amount_currency
                untaxed_company[line.tax_ids] -= line.balance
            elif line.tax_repartition_line_id:
                key = line.tax_repartition_line_id
                taxed[key] -= line.amount_currency
                taxed_company[key] -= line.balance
        parts = write_off.split_tax(
            self.amount, move.amount_total, untaxed, taxed, self.currency_id.round
        )
        company_parts = write_off.split_tax(
            balance,
            abs(move.amount_total_signed),
            untaxed_company,
            taxed_company,
            self.company_currency_id.round,
        )
        return [
            *(
                {
                    "account_id": self._loss_account().id,
                    "tax_ids": [Command.set(taxes.ids)],
                    "tax_tag_ids": [
                        Command.set(
                            taxes.filtered(lambda tax: tax.tax_exigibility != "on_payment")
                            .get_tax_tags(True, "base")
                            .ids
                        )
                    ],
                    "amount_currency": amount,
                    "balance": company_parts.base[taxes],
                }
                for taxes, amount in parts.base.items()
            ),
            *(
                self._tax_item(repartition, amount, company_parts.tax[repartition])
                for repartition, amount in parts.tax.items()
            ),
        ]

    def _tax_item(self, repartition, amount, balance):
        tax = repartition.tax_id
        index = list(tax.invoice_repartition_line_ids).index(repartition)
        refund = tax.refund_repartition_line_ids[index]
        account, tags = refund.account_id, refund.tag_ids
        if tax.tax_exigibility == "on_payment":
            # Core books such a tax when it reconciles, of the invoice and of its write-off.
            account, tags = tax.cash_basis_transition_account_id, tags.browse()
        return {
            "account_id": (account or self._loss_account()).id,
            "tax_repartition_line_id": refund.id,
            "tax_tag_ids": [Command.set(tags.ids)],
            "amount_currency": amount,
            "balance": balance,
        }
