from io import BytesIO
from types import SimpleNamespace

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.order_to_cash.reports.dunning.dunning_letter import (
    ROWS_ON_FIRST_PAGE,
    ROWS_ON_PAGE,
    paginate,
)

from .test_dunning_run import DunningCommon

REPORT = "order_to_cash.report_dunning_notice"


class TestPaginate(BaseCase):
    def _rows(self, count, height=1):
        return [SimpleNamespace(height=height, number=number) for number in range(count)]

    def test_everything_is_printed_once_and_in_order(self):
        for overdue, credit, coming in [(1, 0, 0), (30, 3, 2), (100, 50, 70), (28, 1, 0)]:
            sections = [
                ("overdue", self._rows(overdue)),
                ("credits", self._rows(credit)),
                ("coming", self._rows(coming, height=2)),
            ]
            sheets = paginate(sections)
            for name, rows in sections:
                parts = [part for sheet in sheets for part in sheet if part[0] == name]
                self.assertEqual([row for part in parts for row in part[1]], rows)
                self.assertEqual(
                    [part[2] for part in parts], [False] * (len(parts) - 1) + [True] * bool(rows)
                )
            for index, sheet in enumerate(sheets):
                lines = sum(row.height for part in sheet for row in part[1])
                self.assertLessEqual(lines, ROWS_ON_PAGE if index else ROWS_ON_FIRST_PAGE)


@tagged("post_install", "-at_install")
class TestDunningLetter(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("report.print_delay", "1")
        cls.company.write({"street": "12 Quay Street", "city": "Bristol", "vat": False})
        cls.customer.write({"street": "3 High Street", "city": "Bath", "ref": "C-4711"})
        cls.env["res.partner.bank"].create({
            "partner_id": cls.company.partner_id.id,
            "acc_number": "GB29 NWBK 6016 1331 9268 19",
        })

    def _send(self, run):
        run.with_context(force_report_rendering=True).action_send()
        return run.notice_ids

    def _pages(self, content):
        """The words on each page, with one space between them."""
        reader = PdfFileReader(BytesIO(content))
        return [" ".join(page.extract_text().split()) for page in reader.pages]

    def _text(self, notice):
        return " ".join(self._pages(notice.letter_id.raw))

    def test_the_letter_says_what_is_owed(self):
        invoice = self._new_invoice(amount=1250, date="2025-01-15", due="2025-02-01", ref="PO 88")
        self._new_invoice(amount=70, date="2025-03-01", due="2025-04-30")
        self._new_invoice(amount=-30, date="2025-03-02")
        self._pay(invoice, 250.25, "2025-03-03")
        notice = self._send(self._propose())
        self.assertEqual(notice.letter_id.mimetype, "application/pdf")
        text = self._text(notice)
        for words in [
            self.company.name,
            "12 Quay Street",
            "Harbour Supplies",
            "3 High Street",
            "C-4711",
            notice.name,
            "Payment Reminder",
            "Dear Sir or Madam",
            invoice.name,
            "PO 88",
            "01/15/2025",
            "02/01/2025",
            "58",
            "1,250.00",
            "250.25",
            "999.75",
            "Your credits",
            "Also open",
            "1,039.75",
            "969.75",
            "GB29 NWBK 6016 1331 9268 19",
        ]:
            self.assertIn(words, text)
        self.assertNotIn("Preview", text)

    def test_each_customer_is_written_to_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.level.with_context(lang="fr_FR").name = "Rappel de paiement"
        self.other_customer.lang = "fr_FR"
        self._new_invoice(amount=1234.5, date="2025-01-15")
        self._new_invoice(self.other_customer, 6789.5, date="2025-01-16")
        english, french = self._send(self._propose()).sorted("total_overdue")
        self.assertIn("Payment Reminder", self._text(english))
        text = self._text(french)
        self.assertIn("Rappel de paiement", text)
        self.assertIn("16/01/2025", text)
        self.assertIn("789,50", text)
        self.assertNotIn("Payment Reminder", text)
        mail = self._mails(french)
        self.assertIn("Rappel de paiement", mail.subject)
        self.assertIn("Rappel de paiement", french.letter_id.name)

    def test_one_printing_gives_each_customer_his_own_letter(self):
        many = self._new_customer("Many Invoices")
        self._new_invoices([many] * 50, range(10, 60))
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        renderings = self._record_renderings()
        notices = self._send(run)
        self.assertEqual(len(renderings), 1)
        for notice in notices:
            text = self._text(notice)
            self.assertIn(notice.partner_id.name, text)
            for other in notices - notice:
                self.assertNotIn(other.partner_id.name, text)
        long_letter = notices.filtered(lambda n: n.partner_id == many)
        pages = self._pages(long_letter.letter_id.raw)
        self.assertEqual(len(pages), 2)
        self.assertIn("page 2", pages[1])
        self.assertIn("Due date", pages[1])
        for line in long_letter.line_ids:
            self.assertIn(line.name, self._text(long_letter))

    def _record_renderings(self):
        calls = []
        Report = self.env.registry["ir.actions.report"]
        original = Report._run_wkhtmltopdf

        def recorded(self, *args, **kwargs):
            calls.append(args)
            return original(self, *args, **kwargs)

        self.patch(Report, "_run_wkhtmltopdf", recorded)
        return calls

    def test_letters_of_a_run_are_printed_as_one_document(self):
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 200)
        run = self._propose()
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        preview, kind = report._render_qweb_pdf(REPORT, run.notice_ids.ids)
        self.assertEqual(kind, "pdf")
        self.assertEqual(["Preview" in page for page in self._pages(preview)], [True, True])
        self.assertFalse(run.notice_ids.letter_id)
        notices = self._send(run)
        # What was sent is printed as it was sent.
        self.customer.name = "Renamed"
        printed, _kind = report._render_qweb_pdf(REPORT, notices.ids)
        pages = self._pages(printed)
        self.assertEqual(len(pages), 2)
        self.assertIn("Harbour Supplies", "".join(pages))
        self.assertNotIn("Preview", "".join(pages))

    def test_letters_are_told_apart_even_if_their_references_cannot_be_read(self):
        self._new_invoice(amount=100)
        self._new_invoices([self.other_customer] * 50, range(10, 60))
        Report = self.env.registry["ir.actions.report"]
        self.patch(Report, "_o2c_split_letters", lambda *args: [])
        for notice in self._send(self._propose()):
            self.assertIn(notice.partner_id.name, self._text(notice))

    def test_a_payer_gets_the_letter_with_the_customers_named(self):
        self.customer.o2c_payer_id = self.other_customer
        self._new_invoice(self.customer, 100)
        self._new_invoice(self.other_customer, 200)
        notice = self._send(self._propose())
        self.assertEqual(notice.partner_id, self.other_customer)
        self.assertEqual(notice.total_overdue, 300)
        self.assertIn("Harbour Supplies", self._text(notice))
        self.assertEqual(self._mails(notice).recipient_ids, self.other_customer)
        self.assertEqual(
            self._propose("2025-04-30", partner_ids=self.customer.ids).notice_ids.ids, []
        )
