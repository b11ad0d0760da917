from datetime import date

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.array_literal import array_literal


@tagged("post_install", "-at_install")
class TestArrayLiteral(TransactionCase):
    def test_the_database_reads_what_was_written(self):
        for kind, values in {
            "int": (1, None, -7),
            "numeric": (0.1, None, 12345678.9, -0.0),
            "boolean": (True, False, None),
            "text": ("", None, "NULL", "a,b", '"', "\\", "{}", " x ", "Smørrebrød 漢", "two\nlines", "%s"),
            "date": (date(2026, 2, 28), None),
        }.items():
            [(read,)] = self.env.execute_query(
                SQL("SELECT %s::" + kind + "[]", array_literal(values, kind))
            )
            self.assertEqual(tuple(read), values, kind)

    def test_of_nothing(self):
        self.assertEqual(array_literal((), "int"), "{}")
