import io
import random
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook

from odoo.tests import BaseCase

from ..algorithms import opening_import as rows

HEADER = "Invoice No.,Customer,Invoice Date,Due Date,Amount,Open Amount,Disputed,Settled Date\n"
OPENING = date(2025, 6, 30)


def workbook(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class TestReadTable(BaseCase):
    def _read(self, content, **values):
        if isinstance(content, str):
            content = content.encode()
        return rows.read_table(content, "receivable", **values)

    def _cells(self, content, **values):
        return [row.cells for row in self._read(content, **values).rows]

    def test_delimiter_is_found_by_the_header(self):
        for delimiter in rows.DELIMITERS:
            text = HEADER.replace(",", delimiter) + delimiter.join(["1", "C", *"abcdef"])
            self.assertEqual(self._cells(text), [("1", "C", *"abcdef")], delimiter)

    def test_a_comma_in_a_text_does_not_make_it_the_delimiter(self):
        text = "Invoice;Customer, ref;Amount\n1;A, B;1,50\n"
        self.assertEqual(self._cells(text), [("1", "A, B", "1,50")])

    def test_excel_names_its_delimiter(self):
        table = self._read("sep=;\nInvoice;Amount\n1;2,50\n")
        self.assertEqual(table.headers, ("Invoice", "Amount"))
        self.assertEqual([(row.number, row.cells) for row in table.rows], [(3, ("1", "2,50"))])

    def test_encodings_are_found_out(self):
        table = [
            ("Müller & Söhne", ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")),
            ("Café Crème à l’Œuvre – 50 €", ("utf-8", "utf-16", "cp1252")),
            ("上海贸易有限公司", ("utf-8", "utf-16", "gbk", "gb18030")),
            ("北京镕基商贸", ("gbk",)),
            ("Plain Ltd", ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252")),
        ]
        for name, encodings in table:
            for encoding in encodings:
                content = (HEADER + f"1,{name},x,y,1,,,\n").encode(encoding)
                self.assertEqual(self._cells(content)[0][1], name.replace("’", "’"), encoding)

    def test_an_encoding_may_be_named(self):
        content = "發票號碼,客戶編號\n1,臺北公司\n".encode("big5")
        self.assertEqual(self._cells(content, encoding="big5"), [("1", "臺北公司")])
        with self.assertRaises(rows.FileError) as caught:
            self._read("Invoice\nMüller\n".encode("cp1252"), encoding="utf-8")
        self.assertEqual(caught.exception.code, "encoding")

    def test_quoted_line_breaks_stay_in_their_cell(self):
        text = 'Invoice,Customer\r\n1,"Two\nlines"\r\n\r\n2,"say ""hi"""\r\n'
        table = self._read(text)
        self.assertEqual(
            [(row.number, row.cells) for row in table.rows],
            [(2, ("1", "Two\nlines")), (4, ("2", 'say "hi"'))],
        )

    def test_a_quote_that_never_closes_costs_its_own_row_only(self):
        table = self._read('Invoice,Customer\n1,A\n2,"B\n3,C\n')
        self.assertEqual([row.broken for row in table.rows], [False, True, False])
        self.assertEqual([row.number for row in table.rows], [2, 3, 4])

    def test_two_stray_quotes_swallow_no_rows(self):
        for text in (
            'Invoice,Customer,Amount\n1,"A,5\n2,B,6\n3,C",7\n4,D,8\n',
            'Invoice,Customer,Amount\n1,A,"5\n2,B,6\n3,"C,7\n4,D,8\n',
        ):
            table = self._read(text)
            self.assertEqual([row.number for row in table.rows], [2, 3, 4, 5], text)
            self.assertFalse(table.rows[1].broken)
            self.assertTrue(table.rows[0].broken)

    def test_empty_rows_are_passed_over_but_counted(self):
        table = self._read("Invoice,Customer\n\n1,A\n , \n2,B\n\n")
        self.assertEqual([row.number for row in table.rows], [3, 5])

    def test_rows_of_another_length_are_marked(self):
        table = self._read("Invoice,Customer,Amount\n1,A\n2,B,3\n4,D,5,6\n7,E,8,\n")
        self.assertEqual([row.missing for row in table.rows], [1, 0, -1, 0])

    def test_title_lines_above_the_header_are_passed_over(self):
        table = self._read("Open items,\nPrinted on,2025-06-30\n" + HEADER + "1,C,a,b,c,d,e,f\n")
        self.assertEqual(table.headers[0], "Invoice No.")
        self.assertEqual([row.number for row in table.rows], [4])

    def test_a_workbook_keeps_its_dates_and_numbers(self):
        content = workbook(
            ["Invoice", "Customer", "Invoice Date", "Amount", "Settled Date"],
            [611365, "C", datetime(2025, 1, 2), 55.94],
            [],
            ["0007", "D", date(2025, 1, 3), "1.234,50", None],
        )
        table = self._read(content)
        self.assertEqual(
            [(row.number, row.missing) for row in table.rows],
            [(2, 0), (4, 0)],
            "a workbook leaves out empty cells at the end",
        )
        first, second = (row.cells for row in table.rows)
        self.assertEqual(first, (611365, "C", date(2025, 1, 2), 55.94, None))
        self.assertEqual(rows.clean_text(first[0]), "611365")
        self.assertEqual(second, ("0007", "D", date(2025, 1, 3), "1.234,50", None))

    def test_what_is_no_table_is_refused(self):
        table = [
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b"Invoice,Customer\n\n", "no_rows"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "xls"),
            (b"%PDF-1.7 ...", "not_a_table"),
            (b"PK\x03\x04 not a workbook", "not_a_table"),
            (b"Invoice\x00,Customer\n1,2\n" * 3, "not_a_table"),
            (("," * rows.MAX_COLUMNS + "Invoice\n1\n").encode(), "too_many_columns"),
            (b"Invoice\n" + b"1\n" * (rows.MAX_ROWS + 1), "too_many_rows"),
        ]
        for content, code in table:
            with self.assertRaises(rows.FileError) as caught:
                self._read(content)
            self.assertEqual(caught.exception.code, code, content[:20])


class TestMapping(BaseCase):
    def test_the_sample_headers_are_recognised(self):
        headers = [
            "countryCode",
            "customerID",
            "PaperlessDate",
            "invoiceNumber",
            "InvoiceDate",
            "DueDate",
            "InvoiceAmount",
            "Disputed",
            "SettledDate",
            "PaperlessBill",
            "DaysToSettle",
            "DaysLate",
        ]
        mapping = dict(zip(headers, rows.suggest_mapping(headers, "receivable"), strict=True))
        self.assertEqual(
            {header: target for header, target in mapping.items() if target},
            {
                "customerID": "customer",
                "invoiceNumber": "number",
                "InvoiceDate": "invoice_date",
                "DueDate": "due_date",
                "InvoiceAmount": "amount",
                "Disputed": "disputed",
                "SettledDate": "settled_date",
            },
        )

    def test_no_target_is_used_twice_and_the_surer_header_wins(self):
        self.assertEqual(
            rows.suggest_mapping(["Date", "Invoice Date", "Total", "Amount"], "receivable"),
            [None, "invoice_date", None, "amount"],
        )

    def test_other_languages(self):
        table = [
            ("Rechnungsnummer;Kundennummer;Rechnungsdatum;Fälligkeit;Betrag", "receivable"),
            ("发票号码;客户编号;开票日期;到期日;金额", "receivable"),
            ("订单号;客户;订单日期;产品;数量;单价", "order"),
        ]
        for headers, kind in table:
            mapping = rows.suggest_mapping(headers.split(";"), kind)
            self.assertFalse(rows.missing_targets(mapping, kind), headers)

    def test_the_labels_of_the_user_are_recognised_first(self):
        mapping = rows.suggest_mapping(["Nº", "Amount"], "receivable", {"number": "Nº"})
        self.assertEqual(mapping, ["number", "amount"])

    def test_missing_targets(self):
        self.assertEqual(
            rows.missing_targets(["number", "customer", None, "amount"], "receivable"),
            ["invoice_date", "due_date"],
        )


class TestReadCells(BaseCase):
    def test_dates(self):
        day = date(2025, 3, 4)
        good = [
            ("2025-03-04", ("iso", "dmy", "mdy"), day),
            ("2025/3/4", ("iso", "dmy", "mdy"), day),
            ("20250304", ("iso", "dmy", "mdy"), day),
            ("2025年3月4日", ("iso", "dmy", "mdy"), day),
            ("2025-03-04 00:00:00", ("iso",), day),
            ("2025-03-04T10:20:30.5Z", ("iso",), day),
            ("04/03/2025", ("dmy",), day),
            ("4.3.25", ("dmy",), day),
            ("3/4/2025", ("mdy",), day),
            (" 03-04-2025 ", ("mdy",), day),
            ("12/31/99", ("mdy",), date(1999, 12, 31)),
            (day, ("iso", "dmy", "mdy"), day),
            (20250304, ("iso",), day),
            ("", ("iso",), None),
            (None, ("iso",), None),
        ]
        for value, orders, expected in good:
            for order in orders:
                self.assertEqual(rows.parse_date(value, order), expected, (value, order))
        bad = [
            ("31/12/2025", "mdy"),
            ("12/31/2025", "dmy"),
            ("04/03/2025", "iso"),
            ("2025-02-30", "iso"),
            ("2025-13-01", "iso"),
            ("4/3-2025", "dmy"),
            ("1/2/205", "dmy"),
            ("1025-01-01", "iso"),
            ("9999-01-01", "iso"),
            ("tomorrow", "iso"),
            (45812, "iso"),
            ("٠٤/٠٣/٢٠٢٥x", "dmy"),
        ]
        for value, order in bad:
            with self.assertRaises(ValueError, msg=(value, order)):
                rows.parse_date(value, order)

    def test_numbers(self):
        good = [
            ("1234.56", ".", "1234.56"),
            ("1,234.56", ".", "1234.56"),
            ("1,234,567", ".", "1234567"),
            ("1.234,56", ",", "1234.56"),
            ("1 234,56", ",", "1234.56"),
            ("1\u00a0234,56", ",", "1234.56"),
            ("1\u202f234,56", ",", "1234.56"),
            ("1'234.56", ".", "1234.56"),
            ("1234,5", ",", "1234.5"),
            (".5", ".", "0.5"),
            ("-12.30", ".", "-12.30"),
            ("12.30-", ".", "-12.30"),
            ("−12.30", ".", "-12.30"),
            ("(12.30)", ".", "-12.30"),
            ("+12", ".", "12"),
            ("€ 12,50", ",", "12.5"),
            ("-$1,200.00", ".", "-1200"),
            ("１２３．５", ".", "123.5"),
            (55.940000000000005, ",", "55.94"),
            (7, ".", "7"),
        ]
        for value, decimal, expected in good:
            self.assertEqual(rows.parse_number(value, decimal), Decimal(expected), value)
        self.assertIsNone(rows.parse_number("", "."))
        self.assertIsNone(rows.parse_number(None, "."))
        bad = [
            ("1.234,56", "."),
            ("1,234.56", ","),
            ("1,23", "."),
            ("12,3456", "."),
            ("1,2345,678", "."),
            ("1 23", "."),
            ("abc", "."),
            ("NaN", "."),
            ("inf", "."),
            ("1e5", "."),
            ("--5", "."),
            ("1.2.3", "."),
            ("12 EUR", "."),
            (float("nan"), "."),
            (float("inf"), "."),
            (True, "."),
        ]
        for value, decimal in bad:
            with self.assertRaises(ValueError, msg=value):
                rows.parse_number(value, decimal)

    def test_numbers_written_are_read_back(self):
        picker = random.Random(7)
        for _round in range(500):
            number = Decimal(picker.randint(-(10**9), 10**9)) / 100
            point = f"{number:,.2f}"
            comma = point.translate(str.maketrans(",.", ".,"))
            self.assertEqual(rows.parse_number(point, "."), number)
            self.assertEqual(rows.parse_number(comma, ","), number)
            self.assertEqual(rows.parse_number(comma.replace(".", " "), ","), number)
            self.assertEqual(rows.parse_number(float(number), ","), number)

    def test_flags(self):
        for value in ("Yes", "y", "TRUE", "1", 1, True, "x", "是", "Ja"):
            self.assertTrue(rows.parse_flag(value), value)
        for value in ("No", "n", "false", "0", 0.0, False, "", None, "否", "-"):
            self.assertFalse(rows.parse_flag(value), value)
        with self.assertRaises(ValueError):
            rows.parse_flag("perhaps")


class TestSuggestFormats(BaseCase):
    def _suggest(self, *lines, given=("iso", ".")):
        table = rows.read_table((HEADER + "\n".join(lines)).encode(), "receivable")
        mapping = rows.suggest_mapping(table.headers, "receivable")
        return rows.suggest_formats(table, mapping, *given)

    def test_the_formats_that_read_most(self):
        american = ("1,C,1/2/2025,2/15/2025,100.50,,,", "2,C,3/4/2025,4/3/2025,1234.50,,,")
        german = ('1,C,1.2.2025,15.2.2025,"100,50",,,', '2,C,3.4.2025,4.3.2025,"1.234,50",,,')
        self.assertEqual(self._suggest(*american), ("mdy", "."))
        self.assertEqual(self._suggest(*american, given=("dmy", ",")), ("mdy", "."))
        self.assertEqual(self._suggest(*german), ("dmy", ","))

    def test_the_given_ones_where_others_are_no_better(self):
        doubtful = ("1,C,1/2/2025,3/4/2025,100,,,",)
        for given in (("dmy", ","), ("mdy", ".")):
            self.assertEqual(self._suggest(*doubtful, given=given), given)


class TestReadInvoices(BaseCase):
    def _read(self, *lines, date_order="iso", **values):
        table = rows.read_table((HEADER + "\n".join(lines)).encode(), "receivable")
        formats = rows.Formats(
            date_order, ".", "USD", {"USD": 2, "JPY": 0, "EUR": 2}, **values
        )
        mapping = rows.suggest_mapping(table.headers, "receivable")
        return [
            rows.check_at(invoice, OPENING)
            for invoice in rows.read_invoices(table, mapping, formats)
        ]

    def _codes(self, line):
        return [issue.code for issue in self._read(line)[-1].issues]

    def test_a_good_row(self):
        [invoice] = self._read("17,C1,2025-05-01,2025-05-31,100.00,40.00,yes,")
        self.assertFalse(invoice.issues)
        self.assertEqual(invoice.outstanding, Decimal(40))
        self.assertTrue(invoice.disputed)
        self.assertEqual(rows.state_at(invoice, OPENING), rows.OPEN)

    def test_what_makes_a_row_bad(self):
        table = [
            (",C1,2025-05-01,2025-05-31,100,,,", ["missing"]),
            ("1,,2025-05-01,2025-05-31,100,,,", ["missing"]),
            ("1,C1,,2025-05-31,100,,,", ["missing"]),
            ("1,C1,2025-05-01,,100,,,", ["missing"]),
            ("1,C1,2025-05-01,2025-05-31,,,,", ["missing"]),
            ("1,C1,01.05.2025,2025-05-31,100,,,", ["bad_date"]),
            ("1,C1,2025-05-01,2025-05-32,100,,,", ["bad_date"]),
            ("1,C1,2025-05-01,2025-05-31,hundred,,,", ["bad_number"]),
            ("1,C1,2025-05-01,2025-05-31,nan,,,", ["bad_number"]),
            ("1,C1,2025-05-01,2025-05-31,1e300,,,", ["bad_number"]),
            ("1,C1,2025-05-01,2025-05-31,9999999999999999,,,", ["bad_number"]),
            ("1,C1,2025-05-01,2025-05-31,1.234,,,", ["too_precise"]),
            ("1,C1,2025-05-01,2025-05-31,0,,,", ["zero_amount"]),
            ("1,C1,2025-05-01,2025-05-31,100,-40,,", ["open_other_sign"]),
            ("1,C1,2025-05-01,2025-05-31,100,140,,", ["open_over_amount"]),
            ("1,C1,2025-05-01,2025-05-31,-100,-140,,", ["open_over_amount"]),
            ("1,C1,2025-05-01,2025-05-31,100,0,,", ["nothing_open"]),
            ("1,C1,2025-05-01,2025-05-31,100,,maybe,", ["bad_flag"]),
            ("1,C1,2025-05-01,2025-05-31,100,,,2025-04-30", ["settled_before_invoiced"]),
            ("1,C1,2025-05-01,2025-05-31,100,100,,2025-06-01", ["settled_but_open"]),
            ("1,C1,2025-05-01,2025-05-31,100", ["too_few_cells"]),
            ("1,C1,2025-05-01,2025-05-31,1,234,,,5", ["too_many_cells"]),
            ('1,C1,"2025-05-01,2025-05-31,1,234,,', ["broken_row"]),
        ]
        for line, codes in table:
            self.assertEqual(self._codes(line), codes, line)
            self.assertTrue(self._read(line)[0].is_bad, line)

    def test_what_is_only_odd(self):
        [invoice] = self._read("1,C1,2025-05-01,2025-04-30,100,,,")
        self.assertEqual([issue.code for issue in invoice.issues], ["due_before_invoiced"])
        self.assertFalse(invoice.is_bad)
        [invoice] = self._read("1,C1,2025-05-01,2025-05-31,100,0,,2025-07-02")
        self.assertEqual([issue.code for issue in invoice.issues], ["settled_later"])
        self.assertEqual(invoice.outstanding, 100, "it was open in full at the opening date")

    def test_several_faults_of_a_row_are_all_said(self):
        self.assertEqual(
            self._codes("1,,2025-05-41,2025-05-31,x,,,"), ["missing", "bad_date", "bad_number"]
        )

    def test_a_number_that_comes_again_is_bad_at_its_second_place(self):
        invoices = self._read(
            "1,C1,2025-05-01,2025-05-31,100,,,",
            "2,C1,2025-05-01,2025-05-31,100,,,",
            "1,C2,2025-05-01,2025-05-31,50,,,",
        )
        self.assertEqual([invoice.is_bad for invoice in invoices], [False, False, True])
        self.assertEqual(invoices[2].issues[0].values, {"first": "2"})

    def test_a_negative_amount_is_kept_negative(self):
        [invoice] = self._read("1,C1,2025-05-01,2025-05-31,-100,-40,,")
        self.assertEqual((invoice.amount, invoice.outstanding), (-100, -40))
        self.assertFalse(invoice.is_bad)

    def test_state_at_the_opening_date(self):
        table = [
            ("2025-06-29", "", rows.OPEN),
            ("2025-06-30", "", rows.OPEN),
            ("2025-07-01", "", rows.FUTURE),
            ("2025-07-01", "2025-07-02", rows.FUTURE),
            ("2025-06-01", "2025-06-29", rows.SETTLED),
            ("2025-06-01", "2025-06-30", rows.SETTLED),
            ("2025-06-30", "2025-06-30", rows.SETTLED),
            ("2025-06-01", "2025-07-01", rows.OPEN),
        ]
        for invoiced, settled, state in table:
            [invoice] = self._read(f"1,C1,{invoiced},2025-08-01,100,,,{settled}")
            self.assertEqual(rows.state_at(invoice, OPENING), state, (invoiced, settled))

    def test_due_on_the_opening_date_is_not_overdue(self):
        self.assertFalse(rows.is_overdue(OPENING, OPENING))
        self.assertTrue(rows.is_overdue(date(2025, 6, 29), OPENING))

    def test_decimals_are_those_of_the_currency(self):
        header = HEADER.replace("\n", ",Currency\n")
        text = header + (
            "1,C,2025-05-01,2025-05-31,100.5,,,,JPY\n"
            "2,C,2025-05-01,2025-05-31,100,,,,jpy\n"
            "3,C,2025-05-01,2025-05-31,100,,,,ZZZ\n"
        )
        table = rows.read_table(text.encode(), "receivable")
        formats = rows.Formats("iso", ".", "USD", {"USD": 2, "JPY": 0})
        mapping = rows.suggest_mapping(table.headers, "receivable")
        invoices = rows.read_invoices(table, mapping, formats)
        self.assertEqual(
            [[issue.code for issue in invoice.issues] for invoice in invoices],
            [["too_precise"], [], ["unknown_currency"]],
        )

    def test_no_row_is_lost_whatever_is_done_to_the_file(self):
        picker = random.Random(11)
        good = [f"{n},C{n % 7},2025-05-01,2025-05-31,{n}.50,,no," for n in range(1, 60)]
        noise = [",", ";", '"', "x", "-", "\t", "0", "'", "=", "\x07", "é"]
        for _round in range(150):
            lines = list(good)
            for _cut in range(5):
                at = picker.randrange(len(lines))
                position = picker.randrange(len(lines[at]))
                damage = picker.choice(noise)
                lines[at] = lines[at][:position] + damage + lines[at][position + 1 :]
            invoices = self._read(*lines)
            self.assertEqual([invoice.row for invoice in invoices], list(range(2, 61)))
            for line, invoice in zip(lines, invoices, strict=True):
                if line in good:
                    self.assertLessEqual(
                        {issue.code for issue in invoice.issues}, {"repeated_number"}
                    )

    def test_a_settled_row_may_say_that_nothing_is_open_in_both_currencies(self):
        header = HEADER.replace("\n", ",Currency,Open Amount in Company Currency\n")
        lines = (f"1,C,2025-05-01,2025-05-31,10,0,no,2025-06-02,EUR,{own}" for own in (0, 5))
        table = rows.read_table((header + "\n".join(lines)).encode(), "receivable")
        formats = rows.Formats("iso", ".", "USD", {"USD": 2, "EUR": 2})
        mapping = rows.suggest_mapping(table.headers, "receivable")
        first, second = (
            [issue.code for issue in invoice.issues if issue.code != "repeated_number"]
            for invoice in rows.read_invoices(table, mapping, formats)
        )
        self.assertEqual((first, second), ([], ["open_other_sign"]))


class TestReadOrders(BaseCase):
    def _read(self, kind, text):
        table = rows.read_table(text.encode(), kind)
        formats = rows.Formats("iso", ".", "USD", {"USD": 2})
        return rows.read_orders(table, rows.suggest_mapping(table.headers, kind), formats, kind)

    def _open(self, *lines):
        header = "Order,Customer,Order Date,Product,Quantity,Unit Price,Discount,Delivery Date\n"
        return self._read("order", header + "\n".join(lines))

    def _delivered(self, *lines):
        header = "Order,Customer,Product,Ordered,Delivered,Invoiced,Unit Price\n"
        return self._read("delivered", header + "\n".join(lines))

    def _codes(self, lines):
        return [[issue.code for issue in line.issues] for line in lines]

    def test_good_orders(self):
        lines = self._open(
            "A,C1,2025-06-01,P,10,2.50,,2025-07-01", "A,C1,2025-06-01,Q,1,5,10,2025-07-01"
        )
        self.assertEqual(self._codes(lines), [[], []])
        self.assertEqual(lines[1].discount, 10)

    def test_what_makes_a_line_bad(self):
        table = [
            ("A,C1,2025-06-01,P,0,2.50,,", ["not_positive"]),
            ("A,C1,2025-06-01,P,-1,2.50,,", ["not_positive"]),
            ("A,C1,2025-06-01,P,1.234,2.50,,", ["too_precise"]),
            ("A,C1,2025-06-01,,1,2.50,,", ["missing"]),
            ("A,C1,,P,1,2.50,,", ["missing"]),
            ("A,C1,2025-06-01,P,1,,,", ["missing"]),
            ("A,C1,2025-06-01,P,1,2.50,101,", ["bad_discount"]),
            ("A,C1,2025-06-01,P,1,2.50,-1,", ["bad_discount"]),
            ("A,C1,2025-06-01,P,1,2.50,,soon", ["bad_date"]),
        ]
        for line, codes in table:
            self.assertEqual(self._codes(self._open(line)), [codes], line)

    def test_half_an_order_is_none(self):
        lines = self._open(
            "A,C1,2025-06-01,P,10,2.50,,",
            "A,C1,2025-06-01,Q,x,2.50,,",
            "B,C1,2025-06-01,P,10,2.50,,",
        )
        self.assertEqual(self._codes(lines), [["order_refused"], ["bad_number"], []])

    def test_the_lines_of_an_order_agree(self):
        lines = self._open("A,C1,2025-06-01,P,10,2.50,,", "A,C2,2025-06-01,Q,1,2.50,,")
        self.assertEqual(self._codes(lines), [["order_refused"], ["differs_in_order"]])

    def test_delivered_quantities(self):
        table = [
            ("A,C1,P,10,6,2,5", [], (10, 6, 2)),
            ("A,C1,P,,6,,5", [], (6, 6, 0)),
            ("A,C1,P,10,0,,5", [], (10, 0, 0)),
            ("A,C1,P,5,6,,5", ["over_delivered"], (5, 6, 0)),
            ("A,C1,P,10,-1,,5", ["negative"], None),
            ("A,C1,P,10,1,-1,5", ["negative"], None),
            ("A,C1,P,10,6,11,5", ["over_invoiced"], None),
            ("A,C1,P,10,,,5", ["missing"], None),
        ]
        for text, codes, quantities in table:
            [line] = self._delivered(text)
            self.assertEqual([issue.code for issue in line.issues], codes, text)
            if quantities:
                self.assertFalse(line.is_bad)
                self.assertEqual((line.quantity, line.delivered, line.invoiced), quantities)

    def test_the_fingerprint_knows_no_order_of_rows(self):
        first = self._open("A,C1,2025-06-01,P,10,2.50,,", "A,C1,2025-06-01,Q,1,5,,")
        again = self._open("A,C1,2025-06-01,Q,1.00,5.0,,", "A,C1,2025-06-01,P,10,2.5,,")
        other = self._open("A,C1,2025-06-01,Q,1,5,,", "A,C1,2025-06-01,P,10,2.6,,")
        self.assertEqual(rows.fingerprint(first), rows.fingerprint(again))
        self.assertNotEqual(rows.fingerprint(first), rows.fingerprint(other))


class TestWriting(BaseCase):
    def test_formulas_are_made_harmless_and_numbers_are_left(self):
        table = [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
            ("+49 30 1234", "'+49 30 1234"),
            ("-12.50", "-12.50"),
            ("-1.234,50", "-1.234,50"),
            ("plain", "plain"),
            (None, ""),
        ]
        for cell, expected in table:
            self.assertEqual(rows.harmless(cell), expected)

    def test_totals(self):
        totals = rows.totals_by([("a", 0.1), ("b", 1), ("a", 0.2)], 2)
        self.assertEqual(totals, {"a": (2, Decimal("0.30")), "b": (1, Decimal("1.00"))})
