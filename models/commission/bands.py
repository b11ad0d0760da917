"""What is wrong with bands, in the words of whoever keeps them."""

from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.algorithms.commission import tiers


def check(env, subject, bands, *, complete=True):
    """Raise ``ValidationError`` unless bands in their order fit together.

    :param str subject: whose bands they are, for the message
    :param bands: sequence of :class:`tiers.Band`
    :param bool complete: see :func:`tiers.check_bands`
    """
    try:
        tiers.check_bands(bands, complete=complete)
    except tiers.BandError as error:
        raise ValidationError(_message(env, subject, bands, error)) from error


def _message(env, subject, bands, error):
    if error.kind == "none":
        return env._(
            "%(subject)s: add the tiers, the first from 0 and the last without end.", subject=subject
        )
    band = bands[error.position]
    figures = {"subject": subject, "low": f"{band.amount_from:g}", "high": f"{band.amount_to:g}"}
    if error.kind == "start":
        return env._("%(subject)s: the first tier begins at %(low)s. Let it begin at 0.", **figures)
    if error.kind == "end":
        return env._("%(subject)s: the last tier ends at %(high)s. Set its end to 0: no end.", **figures)
    if error.kind == "descending":
        return env._(
            "%(subject)s: the tier from %(low)s ends at %(high)s. It must end above its beginning.", **figures
        )
    before = bands[error.position - 1]
    figures["before"] = f"{before.amount_to:g}"
    if error.kind == "gap":
        return env._(
            "%(subject)s: there is a gap from %(before)s to %(low)s. Let each tier begin where the one "
            "before it ends.",
            **figures,
        )
    if not before.amount_to:
        return env._(
            "%(subject)s: a tier without end comes before the one from %(low)s, so they overlap. Give it "
            "an end.",
            **figures,
        )
    return env._(
        "%(subject)s: the tier from %(low)s overlaps the one before it, which ends at %(before)s.", **figures
    )
