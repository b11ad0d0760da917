"""Odoo's own checks (its module test_lint) on our add-on alone.

The checks look at every module there is; here they are shown ours only, or what they find is sifted. Those
that read the registry need the add-on installed in a database, and its installation is watched for warnings.
"""

import contextlib
import importlib
import inspect
import logging
import sys
from unittest.mock import patch

from . import base

SOURCES = "reads files"
REGISTRY = "reads the registry"
CHECKS = (
    ("test_dunderinit", "TestDunderinit", "test_dunderinit", SOURCES),
    ("test_i18n", "TestI18n", "test_user_content_as_prop_is_translatable", SOURCES),
    ("test_jstranslate", "TestJsTranslations", "test_js_translations", SOURCES),
    ("test_manifests", "ManifestLinter", "test_manifests", SOURCES),
    ("test_onchange_domains", "TestOnchangeDomains", "test_forbid_domains_in_onchanges", SOURCES),
    ("test_orm_import", "TestDunderinit", "test_addons_orm_import", SOURCES),
    ("test_pofile", "PotLinter", "test_pot_duplicate_entries", SOURCES),
    ("test_test_holes", "TestTestHoles", "test_check_tests", SOURCES),
    ("test_docstring", "TestDocstring", "test_docstring", REGISTRY),
    ("test_index", "TestIndex", "test_enforce_index_on_one2many_inverse", REGISTRY),
    ("test_naming", "TestNaming", "test_parameter_rpc_compatible", REGISTRY),
    ("test_override_signatures", "TestLintOverrideSignatures", "test_lint_override_signature", REGISTRY),
    ("test_routes", "RoutesLinter", "test_routes_definition", REGISTRY),
)


class Watch(logging.Handler):
    """Collects warnings and errors."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, record):
        self.said.append(f"{record.name}: {record.getMessage()}")

    @contextlib.contextmanager
    def on(self):
        logging.getLogger().addHandler(self)
        try:
            yield self
        finally:
            logging.getLogger().removeHandler(self)


def main(arguments):
    """``arguments``: the folder with the copy of the add-on, and a database (or none: sources only)."""
    addons, database = arguments[0], arguments[1] if len(arguments) > 1 else None
    from odoo.tools import config

    core = next(line for line in base.CONF.read_text().splitlines() if line.startswith("addons_path"))
    paths = [path for path in core.split("=", 1)[1].strip().split(",") if path != str(base.DOT / "addons")]
    options = [
        "-c",
        base.CONF,
        f"--addons-path={','.join([*paths, addons])}",
        "--no-http",
        "--max-cron-threads=0",
    ]
    options += [f"--logfile={base.LOG / 'lint-odoo.log'}", *(["-d", database] if database else [])]
    config.parse_config([str(option) for option in options], setup_logging=True)
    from odoo.modules.module import Manifest, initialize_sys_path

    initialize_sys_path()
    ours = Manifest.for_addon(base.MODULE)
    if not Manifest.for_addon("test_lint", display_warning=False):
        print("this Odoo comes without test_lint: its checks are left out")
        return 0
    found = _checks(SOURCES, ours, None)
    if database:
        import odoo.service.server
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry

        odoo.service.server.load_server_wide_modules()
        with Watch().on() as watch:
            registry = Registry.new(database, update_module=True, install_modules=[base.MODULE])
        found += [f"installing: {text}" for text in watch.said]
        with registry.cursor() as cr:
            found += _checks(REGISTRY, ours, api.Environment(cr, SUPERUSER_ID, {}))
    for text in found:
        print(text.replace(f"{ours.path}/", ""))
    sys.stdout.flush()
    return 1 if found else 0


def _checks(kind, ours, env):
    found = []
    for file, name, method, reads in CHECKS:
        if reads == kind:
            module = importlib.import_module(f"odoo.addons.test_lint.tests.{file}")
            with (
                patch("odoo.modules.Manifest.all_addon_manifests", staticmethod(lambda: [ours])),
                patch.object(module, "get_modules", lambda: [ours.name], create=True),
            ):
                found += [f"test_lint.{file}: {text}" for text in _check(getattr(module, name), method, env)]
    return found


def _check(case_class, method, env):
    """Run one check outside the test runner; what it found about us."""
    found = []

    def sub_test(_self, **parameters):
        @contextlib.contextmanager
        def block():
            try:
                yield
            except Exception as error:
                if _about_us(parameters, env):
                    where = " ".join(str(value) for value in parameters.values())
                    found.append(f"{where}: {error}")

        return block()

    case_class = type(case_class.__name__, (case_class,), {"subTest": sub_test})
    case = case_class(method)
    if env is not None:
        case.env = env
        case.doctree_settings_silent = case.doctree_settings_verbose = _docutils_settings()
    with Watch().on() as watch:
        try:
            getattr(case, method)()
        except (AssertionError, TypeError) as error:
            found += _sift(str(error), env)
    return found + [text for text in watch.said if env is None or base.MODULE in text]


def _docutils_settings():
    """What TestDocstring makes in its setUpClass: read docstrings, don't judge their form."""
    import docutils.core

    levels = {"report_level": 5, "halt_level": 5}
    return docutils.core.publish_doctree("", settings_overrides=levels).settings


def _about_us(parameters, env):
    """Whether a finding's parameters name our module, or a method that our module defines."""
    if env is None or parameters.get("module"):
        return parameters.get("module", base.MODULE) == base.MODULE
    model = env.registry.get(parameters.get("model"))
    for parent in inspect.getmro(model) if model else ():
        if parameters.get("method") in vars(parent):
            return getattr(parent, "_module", None) == base.MODULE
    return True


def _sift(text, env):
    """Of a list of fields or files, the lines about our own."""
    lines = [line for line in text.splitlines() if line.strip()]
    if env is None:
        return [text]
    return [
        line
        for line in lines
        if any(_our_field(word, env) for word in line.replace("(", " ").replace(")", " ").split())
    ]


def _our_field(word, env):
    model, _, name = word.rpartition(".")
    field = env.registry[model]._fields.get(name) if model in env.registry else None
    return bool(field) and base.MODULE in getattr(field, "_modules", ())
