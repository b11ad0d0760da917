from odoo.fields import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class O2cCommon(AccountTestInvoicingCommon):
    """A company with every domain switched on, one user a role and a few customers.

    ``cls.env`` belongs to an accountant with all rights of the add-on. Test classes built on this
    need a chart of accounts: tag them ``@tagged("post_install", "-at_install")``.
    """

    @classmethod
    def setUpClass(cls):
        # Past AccountTestInvoicingCommon's own: the taxes, products, terms and partners that it makes for
        # each class anew take longer than most tests, and no test of ours needs them.
        super(AccountTestInvoicingCommon, cls).setUpClass()
        cls._set_up_books()
        cls.company = cls.env.company
        cls.company.write({
            "o2c_use_credit": True,
            "o2c_use_allocation": True,
            "o2c_use_commission": True,
            "o2c_use_plan": True,
            "o2c_use_dunning": True,
        })
        (
            cls.salesperson,
            cls.other_salesperson,
            cls.credit_manager,
            cls.collector,
            cls.o2c_manager,
        ) = cls._new_users({
            "sally": "sales_team.group_sale_salesman",
            "otto": "sales_team.group_sale_salesman",
            "carla": "order_to_cash.group_credit_manager",
            "colin": "order_to_cash.group_collector",
            "mandy": "order_to_cash.group_manager",
        })
        cls.customer = cls._new_customer("Harbour Supplies")
        cls.other_customer = cls._new_customer("Inland Stores")
        cls.service = cls._create_product(
            name="Consulting", type="service", lst_price=100.0, taxes_id=[Command.clear()]
        )
        cls.goods = cls._create_product(
            name="Crate",
            type="consu",
            is_storable=True,
            lst_price=100.0,
            invoice_policy="delivery",
            taxes_id=[Command.clear()],
        )

    @classmethod
    def _set_up_books(cls):
        """What of AccountTestInvoicingCommon the tests and its own helpers build on."""
        cls.company_data = cls.collect_company_accounting_data(cls.env.company)
        cls.product_category.with_company(cls.env.company).write({
            "property_account_income_categ_id": cls.company_data["default_account_revenue"].id,
            "property_account_expense_categ_id": cls.company_data["default_account_expense"].id,
        })
        cls.tax_sale_a = cls.company_data["default_tax_sale"]
        bank = cls.company_data["default_journal_bank"]
        chart = cls.env["account.chart.template"]
        cls.inbound_payment_method_line = bank.inbound_payment_method_line_ids[0]
        cls.inbound_payment_method_line.payment_account_id = chart.ref(
            "account_journal_payment_debit_account_id"
        )
        cls.outbound_payment_method_line = bank.outbound_payment_method_line_ids[0]
        cls.outbound_payment_method_line.payment_account_id = chart.ref(
            "account_journal_payment_credit_account_id"
        )

    @classmethod
    def setup_independent_company(cls, **kwargs):
        """The company that comes with the database: its chart of accounts is loaded already, which takes
        longer for a new company than most tests do."""
        return cls.env.ref("base.main_company")

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.quick_ref("order_to_cash.group_manager")
            | cls.quick_ref("sales_team.group_sale_manager")
        )

    @classmethod
    def _new_company(cls, name="Other Company", **values):
        """A company without a chart of accounts; ``setup_other_company`` makes one with it, which takes
        longer than most tests."""
        company = cls.env["res.company"].create({"name": name, **values})
        cls.env.user.company_ids = [Command.link(company.id)]
        return company

    @classmethod
    def _new_user(cls, login, group, company=None, **values):
        return cls._new_users({login: group}, company, **values)

    @classmethod
    def _new_users(cls, groups, company=None, **values):
        """Users of one company, all at once: one by one takes several times as long.

        :param groups: {login, which is the password too: XML ids of groups}
        """
        company = company or cls.company
        context = {"mail_create_nolog": True, "no_reset_password": True}
        return cls.env["res.users"].with_context(context).create([
            {
                "name": f"{login} ({group})",
                "login": login,
                "password": login.ljust(8, "x"),
                "email": f"{login[0]}.{login[0]}@example.com",
                "group_ids": [
                    Command.set([
                        cls.env.ref(name).id for name in f"base.group_user,{group}".split(",")
                    ])
                ],
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                **values,
            }
            for login, group in groups.items()
        ])

    @classmethod
    def _new_customer(cls, name, **values):
        return cls.env["res.partner"].create({
            "name": name,
            "is_company": True,
            "email": f"{name.lower().replace(' ', '.')}@example.com",
            **values,
        })

    @classmethod
    def _new_order(cls, partner=None, amount=100.0, product=None, quantity=1.0, **values):
        """A quotation of one untaxed line worth ``amount`` in all."""
        return cls.env["sale.order"].create({
            "partner_id": (partner or cls.customer).id,
            "user_id": cls.salesperson.id,
            "order_line": [
                Command.create({
                    "product_id": (product or cls.service).id,
                    "product_uom_qty": quantity,
                    "price_unit": amount / quantity,
                    "tax_ids": [Command.clear()],
                }),
            ],
            **values,
        })

    @classmethod
    def _new_invoice(cls, partner=None, amount=100.0, date="2025-01-01", due=None, **values):
        """A posted, untaxed customer invoice of one line; a credit note when ``amount`` < 0."""
        move = cls.env["account.move"].create({
            "move_type": "out_invoice" if amount >= 0 else "out_refund",
            "partner_id": (partner or cls.customer).id,
            "invoice_user_id": cls.salesperson.id,
            "invoice_date": date,
            "invoice_date_due": due or date,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create({
                    "name": "Goods",
                    "quantity": 1.0,
                    "price_unit": abs(amount),
                    "tax_ids": [Command.clear()],
                }),
            ],
            **values,
        })
        move.action_post()
        return move

    @classmethod
    def _pay(cls, invoices, amount=None, date=None):
        """Register a payment of ``invoices`` on the bank journal."""
        values = {"payment_date": date} if date else {}
        if amount is not None:
            values["amount"] = amount
        return (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create(values)
            ._create_payments()
        )
