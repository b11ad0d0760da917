from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.order_to_cash.tests.common import O2cCommon

PDF = b"JVBERi0xLjQK"


class QualificationCase(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.licence = cls.env.ref("order_to_cash.qualification_type_licence")
        cls.tax = cls.env.ref("order_to_cash.qualification_type_tax")
        cls.bank = cls.env.ref("order_to_cash.qualification_type_bank")
        cls.class_a = cls.env.ref("order_to_cash.customer_class_a")
        cls.customer.write({"o2c_customer_type": "distributor", "user_id": cls.salesperson.id})

    @classmethod
    def _new_document(cls, days=None, partner=None, kind=None, **values):
        """A document that expires in ``days`` days."""
        return cls.env["o2c.qualification"].create({
            "partner_id": (partner or cls.customer).id,
            "type_id": (kind or cls.licence).id,
            "expires_on": days is not None and cls.today + timedelta(days=days),
            **values,
        })


@tagged("post_install", "-at_install")
class TestQualificationDocument(QualificationCase):
    def test_the_state_is_as_of_today(self):
        documents = {
            days: self._new_document(days) for days in (None, -1, 0, 30, 31)
        }
        self.assertEqual(
            {days: document.state for days, document in documents.items()},
            {None: "valid", -1: "expired", 0: "expiring", 30: "expiring", 31: "valid"},
        )
        for state in ("valid", "expiring", "expired", "missing"):
            found = self.env["o2c.qualification"].search([
                ("state", "=", state), ("partner_id", "=", self.customer.id),
            ])
            self.assertEqual(
                found.sorted("id"),
                self.env["o2c.qualification"].union(
                    *(d for d in documents.values() if d.state == state)
                ).sorted("id"),
            )
        found = self.env["o2c.qualification"].search([
            ("state", "not in", ("valid", "expired")), ("partner_id", "=", self.customer.id),
        ])
        self.assertEqual(set(found.mapped("state")), {"expiring"})

    def test_each_type_warns_in_its_own_time(self):
        self.tax.warn_days = 5
        self.assertEqual(self._new_document(10, kind=self.tax).state, "valid")
        self.assertEqual(self._new_document(10).state, "expiring")

    def test_a_document_that_must_be_on_file_is_missing_until_it_is(self):
        document = self._new_document(100, kind=self.bank)
        Qualification = self.env["o2c.qualification"]
        self.assertEqual(document.state, "missing")
        self.assertEqual(Qualification.search([("state", "=", "missing")]), document)
        document.write({"file": PDF, "file_name": "bank.pdf"})
        self.assertEqual(document.state, "valid")
        self.assertFalse(Qualification.search([("state", "=", "missing")]))
        self.assertIn(document, Qualification.search([("state", "=", "valid")]))

    def test_the_form_shows_the_state_while_typing(self):
        with Form(self.env["o2c.qualification"]) as form:
            form.partner_id = self.customer
            form.type_id = self.bank
            self.assertEqual(form.state, "missing")
            form.file = PDF
            self.assertEqual(form.state, "valid")
            form.expires_on = self.today
            self.assertEqual(form.state, "expiring")

    def test_it_belongs_to_the_customer_not_to_a_contact(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        with self.assertRaisesRegex(ValidationError, "Harbour Supplies"):
            self._new_document(partner=contact)

    def test_it_moves_with_a_customer_that_joins_another(self):
        document = self._new_document()
        person = self.env["res.partner"].create({"name": "Ann", "o2c_customer_type": "agent"})
        own = self._new_document(partner=person)
        person.parent_id = self.customer
        self.assertEqual((own | document).partner_id, self.customer)

    def test_merged_customers_keep_their_documents(self):
        document = self._new_document(kind=self.bank, file=PDF)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.other_customer).ids, self.other_customer
        )
        self.env.invalidate_all()
        self.assertEqual(document.partner_id, self.other_customer)
        self.assertEqual(document.file, PDF)
        self.assertEqual(document.state, "valid")

    def test_it_has_the_company_of_its_customer(self):
        self.assertFalse(self._new_document().company_id)
        self.other_customer.company_id = self.company
        self.assertEqual(self._new_document(partner=self.other_customer).company_id, self.company)

    def test_deleting_the_customer_deletes_its_documents(self):
        document = self._new_document(partner=self.other_customer)
        self.other_customer.unlink()
        self.assertFalse(document.exists())


@tagged("post_install", "-at_install")
class TestMandatory(QualificationCase):
    def _assert_state(self, state, partner=None):
        partner = partner or self.customer
        self.env.invalidate_all()
        self.assertEqual(partner.o2c_qualification_state, state)
        for other in ("valid", "expiring", "expired", "missing", False):
            found = self.env["res.partner"].search([
                ("o2c_qualification_state", "=", other), ("id", "=", partner.id),
            ])
            self.assertEqual(bool(found), other == state, other)

    def test_nothing_is_mandatory_at_first(self):
        self.assertFalse(self.env["o2c.qualification.type"].search([("is_mandatory", "=", True)]))
        self._new_document(-10)
        self._assert_state(False)

    def test_mandatory_for_all_customers(self):
        self.licence.is_mandatory = True
        self._assert_state("missing")
        self._assert_state(False, self.other_customer)  # not a customer yet
        self.other_customer.customer_rank = 1
        self._assert_state("missing", self.other_customer)

    def test_mandatory_for_some_types(self):
        self.licence.write({"is_mandatory": True, "for_agent": True})
        self._assert_state(False)
        self.licence.for_distributor = True
        self._assert_state("missing")

    def test_mandatory_for_a_class_or_a_type(self):
        self.licence.write({
            "is_mandatory": True, "for_agent": True, "class_ids": [Command.set(self.class_a.ids)],
        })
        self._assert_state(False)
        self.customer.o2c_class_id = self.class_a
        self._assert_state("missing")

    def test_the_worst_of_the_best(self):
        (self.licence | self.tax).is_mandatory = True
        self._assert_state("missing")
        self._new_document(-1)
        tax = self._new_document(3, kind=self.tax)
        self._assert_state("expired")
        self._new_document(400)
        self._assert_state("expiring")
        self.assertEqual(
            self.customer.o2c_qualification_note, "Tax Registration: Expiring"
        )
        tax.expires_on = False
        self._assert_state("valid")
        self.assertFalse(self.customer.o2c_qualification_note)

    def test_a_document_without_the_file_it_needs_counts_as_missing(self):
        self.bank.is_mandatory = True
        document = self._new_document(kind=self.bank)
        self._assert_state("missing")
        document.file = PDF
        self._assert_state("valid")

    def test_archived_documents_do_not_count(self):
        self.licence.is_mandatory = True
        document = self._new_document()
        self._assert_state("valid")
        document.active = False
        self._assert_state("missing")

    def test_documents_and_types_of_another_company_do_not_count(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        self.licence.is_mandatory = True
        self._new_document(company_id=other_company.id)
        self._assert_state("missing")
        self._new_document(company_id=self.company.id)
        self._assert_state("valid")
        self.tax.write({"is_mandatory": True, "company_id": other_company.id})
        self._assert_state("valid")
        customer = self.customer.with_company(other_company)
        self.assertEqual(customer.o2c_qualification_state, "missing")

    def test_a_branch_counts_the_documents_of_its_company(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        self.licence.is_mandatory = True
        self._new_document(company_id=self.company.id)
        self.assertEqual(
            self.customer.with_company(branch).o2c_qualification_state, "valid"
        )

    def test_a_contact_is_as_qualified_as_its_customer(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        self.licence.is_mandatory = True
        self._assert_state("missing", contact)
        self._new_document()
        self._assert_state("valid", contact)

    def test_a_salesperson_sees_the_state(self):
        self.licence.is_mandatory = True
        customer = self.customer.with_user(self.salesperson)
        self.assertEqual(customer.o2c_qualification_state, "missing")

    def test_the_type_says_who_must_have_it(self):
        self.assertFalse(self.licence.mandatory_for)
        self.licence.is_mandatory = True
        self.assertEqual(self.licence.mandatory_for, "All customers")
        self.licence.write({"for_agent": True, "class_ids": [Command.set(self.class_a.ids)]})
        self.assertEqual(self.licence.mandatory_for, "Agent, A · Key Account")

    def test_the_states_of_many_customers_in_a_fixed_number_of_statements(self):
        (self.licence | self.tax | self.bank).is_mandatory = True
        partners = self.env["res.partner"].create([
            {"name": f"C{i}", "o2c_customer_type": "agent"} for i in range(60)
        ])
        self.env["o2c.qualification"].create([
            {"partner_id": partner.id, "type_id": kind.id, "file": PDF}
            for partner in partners
            for kind in (self.licence, self.bank)
        ])

        def read(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(set(records.mapped("o2c_qualification_state")), {"missing"})
            return self.cr.sql_log_count - before

        few = read(partners[:3])
        self.assertEqual(read(partners), few)

    def test_the_documents_open_from_the_customer(self):
        document = self._new_document()
        self.assertEqual(self.customer.o2c_qualification_count, 1)
        action = self.customer.action_o2c_view_qualifications()
        self.assertEqual(self.env["o2c.qualification"].search(action["domain"]), document)


@tagged("post_install", "-at_install")
class TestReminder(QualificationCase):
    def _run(self, company=None):
        company = company or self.company
        steps = self.env["o2c.daily.step"].steps(company)
        step = next(step for step in steps if step.key == "customer_qualification")
        return step.run(company.with_company(company))

    def _activities(self, *documents):
        return self.env["mail.activity"].search([
            ("res_model", "=", "o2c.qualification"),
            ("res_id", "in", [document.id for document in documents]),
        ])

    def test_the_first_scan_is_silent(self):
        old = self._new_document(-100)
        soon = self._new_document(3, kind=self.tax)
        self.assertEqual(self._run(), "")
        self.assertEqual(self._run(), "")
        self.assertFalse(self._activities(old, soon))
        self.assertEqual(self.company.o2c_qualification_scan_on, self.today)

    def test_the_salesperson_is_told_once(self):
        self._run()
        document = self._new_document(10)
        far = self._new_document(100, kind=self.tax)
        mails = self.env["mail.mail"].sudo().search_count([])
        self.assertIn("1", self._run())
        self.assertEqual(self._run(), "")
        activity = self._activities(document, far)
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.salesperson)
        self.assertEqual(activity.date_deadline, document.expires_on)
        self.assertIn("Harbour Supplies", activity.summary)
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails)
        activity.action_done()
        self.assertEqual(self._run(), "")

    def test_without_a_salesperson_the_one_of_the_region(self):
        self._run()
        self.customer.write({
            "user_id": False,
            "o2c_region_id": self.env["o2c.sales.region"].create({
                "name": "North", "user_id": self.other_salesperson.id,
            }).id,
        })
        document = self._new_document(10)
        self._run()
        self.assertEqual(self._activities(document).user_id, self.other_salesperson)

    def test_with_nobody_responsible_it_waits_for_one(self):
        self._run()
        self.customer.user_id = False
        document = self._new_document(10)
        self.assertIn("no salesperson", self._run())
        self.assertFalse(self._activities(document))
        self.customer.user_id = self.salesperson
        self._run()
        self.assertEqual(self._activities(document).user_id, self.salesperson)

    def test_an_archived_salesperson_is_told_nothing(self):
        self._run()
        document = self._new_document(10)
        self.salesperson.active = False
        self._run()
        self.assertFalse(self._activities(document))

    def test_a_renewed_document_drops_the_reminder_and_is_watched_again(self):
        self._run()
        document = self._new_document(10)
        self._run()
        document.expires_on = self.today + timedelta(days=400)
        self.assertFalse(self._activities(document))
        self.assertFalse(document.reminded_on)
        document.expires_on = self.today + timedelta(days=20)
        self._run()
        self.assertEqual(len(self._activities(document)), 1)

    def test_a_new_document_drops_the_reminder_of_the_old_one(self):
        self._run()
        old = self._new_document(10)
        self._run()
        self.assertTrue(self._activities(old))
        self._new_document(400)
        self.assertFalse(self._activities(old))

    def test_a_document_already_replaced_reminds_nobody(self):
        self._run()
        old = self._new_document(10)
        self._new_document(400)
        self.assertEqual(self._run(), "")
        self.assertFalse(self._activities(old))

    def test_documents_of_other_companies_wait_for_their_own_run(self):
        other_company = self.env["res.company"].create({
            "name": "Elsewhere", "o2c_use_credit": True,
        })
        self._run()
        theirs = self._new_document(10, company_id=other_company.id)
        self._run()
        self.assertFalse(self._activities(theirs))
        self._run(other_company)
        self.assertFalse(self._activities(theirs), "the first scan of their company")
        later = self._new_document(10, kind=self.tax, company_id=other_company.id)
        self._run(other_company)
        self.assertTrue(self._activities(later))

    def test_the_first_scan_of_a_second_company_does_not_swallow_shared_documents(self):
        other_company = self.env["res.company"].create({
            "name": "Elsewhere", "o2c_use_credit": True,
        })
        self._run()
        shared = self._new_document(10)
        self._run(other_company)
        self._run()
        self.assertTrue(self._activities(shared))

    def test_nothing_runs_while_all_is_off_and_a_pause_is_old_data_again(self):
        self._run()
        switches = {
            name: False for name in self.company._fields if name.startswith("o2c_use_")
        }
        self.company.write(switches)
        self.assertNotIn(
            "customer_qualification",
            [step.key for step in self.env["o2c.daily.step"].steps(self.company)],
        )
        document = self._new_document(10)
        self.company.o2c_use_credit = True
        self._run()
        self.assertFalse(self._activities(document))

    def test_many_reminders_in_a_fixed_number_of_statements(self):
        self._run()

        def run(count):
            partners = self.env["res.partner"].create([
                {"name": f"C{i}", "user_id": self.salesperson.id} for i in range(count)
            ])
            documents = self.env["o2c.qualification"].create([
                {
                    "partner_id": partner.id,
                    "type_id": self.licence.id,
                    "expires_on": self.today + timedelta(days=5),
                }
                for partner in partners
            ])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._run()
            self.env.flush_all()
            statements = self.cr.sql_log_count - before
            self.assertEqual(len(self._activities(*documents)), count)
            return statements

        run(1)
        few, many = run(3), run(60)
        self.assertLessEqual(many, few + 5)
