import ast
from collections import defaultdict
from pathlib import Path

from lxml import etree

from odoo.tests import BaseCase, TransactionCase

ROOT = Path(__file__).parents[1]
# Dependencies run from right to left only.
DOMAINS = (
    "customer",
    "hold",
    "credit",
    "allocation",
    "plan",
    "dunning",
    "commission",
    "operations",
)
LAYERS = ("models", "wizards", "reports", "controllers")


def trees(folder):
    return {path: ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))}


def field_assignments(tree):
    """Names of the fields and methods that the classes of a module define."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                yield statement.name
            elif isinstance(statement, ast.Assign):
                yield from (t.id for t in statement.targets if isinstance(t, ast.Name))


def model_names(tree):
    """Values of ``_name`` in a module."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "_name" for t in node.targets)
            and isinstance(node.value, ast.Constant)
        ):
            yield node.value.value


def words(tree):
    """Every name a module uses: strings, attributes and imported modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


class TestArchitecture(BaseCase):
    """The rooms of the add-on and the direction of the dependencies between its domains."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trees = {
            (layer, domain): trees(ROOT / layer / domain) for layer in LAYERS for domain in DOMAINS
        }
        # Names that only we define: a word of ours belongs to the leftmost domain that has it.
        cls.owner = {}
        for (__, domain), files in cls.trees.items():
            for tree in files.values():
                for name in [*field_assignments(tree), *model_names(tree)]:
                    if "o2c_" in name or name.startswith("o2c."):
                        known = cls.owner.get(name, domain)
                        cls.owner[name] = min(known, domain, key=DOMAINS.index)

    def test_no_dependency_turns_back(self):
        faults = []
        for (__, domain), files in self.trees.items():
            for path, tree in files.items():
                for word in set(words(tree)):
                    faults += self._faults(domain, path, word)
        self.assertFalse(faults, "A domain may know those to its left only")

    def _faults(self, domain, path, word):
        parts = word.split(".")
        used = {self.owner.get(word), *(self.owner.get(part) for part in parts)}
        if word.startswith("odoo.addons.order_to_cash."):
            used |= set(parts) & set(DOMAINS)
        return [
            f"{path.relative_to(ROOT)} ({domain}) uses {word} ({other})"
            for other in used - {None}
            if DOMAINS.index(other) > DOMAINS.index(domain)
        ]

    def test_the_check_sees_an_arrow_that_turns_back(self):
        path = ROOT / "models/customer/res_partner.py"
        for word in (
            "o2c.credit.account",
            "o2c_hold_state",
            "partner_id.o2c_exposure",
            "odoo.addons.order_to_cash.models.credit.exposure",
        ):
            with self.subTest(word):
                self.assertTrue(self._faults("customer", path, word))
                self.assertFalse(self._faults("operations", path, word))

    def test_every_model_is_of_a_domain(self):
        for layer in LAYERS:
            for path in (ROOT / layer).glob("*.py"):
                with self.subTest(path=path):
                    self.assertFalse(list(model_names(ast.parse(path.read_text()))))

    def test_algorithms_are_pure(self):
        forbidden = {"odoo", "os", "pathlib", "requests", "socket", "time", "psycopg2", "random"}
        for path, tree in trees(ROOT / "algorithms").items():
            imported = set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add(node.module.split(".")[0])
            with self.subTest(path=path.name):
                self.assertFalse(imported & forbidden)
                calls = {
                    (node.value.id, node.attr)
                    for node in ast.walk(tree)
                    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                }
                self.assertFalse(
                    calls & {("date", "today"), ("datetime", "now"), ("datetime", "today")},
                    "today is an argument",
                )

    def test_fields_added_to_core_models_carry_our_prefix(self):
        for files in self.trees.values():
            for path, tree in files.items():
                for node in ast.walk(tree):
                    if isinstance(node, ast.ClassDef) and not list(model_names(node)):
                        self._check_prefix(path, node)

    def _check_prefix(self, path, node):
        values = defaultdict(list)
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                values[statement.targets[0].id].append(statement.value)
        inherited = [v.value for v in values["_inherit"] if isinstance(v, ast.Constant)]
        if not inherited or inherited[0].startswith(("o2c.", "res.config")):
            return
        for name in values:
            with self.subTest(path=path.name, name=name):
                self.assertTrue(name.startswith(("_", "o2c_")))


class TestButtons(TransactionCase):
    """What buttons call can be called as the client does it: with the chosen records, be they none."""

    def test_buttons_call_no_method_without_records(self):
        wrong = set()
        for view in self.env["ir.ui.view"].search([("model", "=like", "o2c.%")]):
            methods = self.env.registry[view.model]
            for button in etree.fromstring(view.arch.encode()).iter("button"):
                method = getattr(methods, button.get("name", ""), None)
                if button.get("type") == "object" and getattr(method, "_api_model", False):
                    wrong.add((view.model, button.get("name")))
        self.assertFalse(wrong)
