from . import controllers, models, reports, wizards


def uninstall_hook(env):
    """Take away what is no model's table or column and Odoo does not know of."""
    env["o2c.credit.exposure"]._drop_function()
