import base64
import os
from datetime import date
from pathlib import Path

from .common import O2cCommon

HEADER = "Invoice No.,Customer,Invoice Date,Due Date,Amount,Open Amount,Disputed,Settled Date"


def find_real_file():
    """The sample of real receivables, if this checkout has it beside it."""
    root = Path(__file__).resolve().parents[1]
    folders = [os.environ.get("O2C_SHARED"), root / "../shared", root / "../../shared"]
    for folder in filter(None, folders):
        path = Path(folder) / "data" / "accounts_receivable.csv"
        if path.is_file():
            return path
    return None


class OpeningCommon(O2cCommon):
    """Imports of small files, as the administrator of the add-on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.env["account.journal"].create({
            "name": "Opening Receivables",
            "code": "OPEN",
            "type": "sale",
        })
        cls.account = cls.env["account.account"].create({
            "name": "Opening Balances",
            "code": "O2COPEN",
            "account_type": "equity",
        })
        cls.customer.ref = "C1"
        cls.customer.user_id = cls.salesperson
        cls.other_customer.ref = "C2"
        cls.env.flush_all()

    def _import(self, content, user=None, **values):
        if isinstance(content, str):
            content = content.encode()
        values = {
            "kind": "receivable",
            "file": base64.b64encode(content),
            "file_name": "open.csv",
            "opening_date": date(2025, 6, 30),
            **values,
        }
        if values["kind"] == "receivable":
            values = {"journal_id": self.journal.id, "account_id": self.account.id, **values}
        imports = self.env["o2c.opening.import"].with_user(user or self.o2c_manager)
        return imports.create(values)

    def _receivables(self, *lines, header=HEADER, **values):
        return self._import("\n".join((header, *lines)) + "\n", **values)

    def _reasons(self, opening, warnings=False):
        """``[(row, reason)]`` of the bad rows, or of the warnings."""
        return [
            (error.row, error.reason)
            for error in opening.error_ids
            if error.is_warning == warnings
        ]
