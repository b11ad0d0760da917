from collections.abc import Callable
from dataclasses import dataclass

from odoo import api, models


@dataclass(frozen=True, slots=True)
class DailyStep:
    """One step of the day's cycle.

    ``run`` takes a ``res.company`` (in an environment whose active company it is) and returns a
    translated sentence saying what was done, or an empty string when there was nothing to do. It
    must be repeatable: a second run on the same day does nothing twice.
    """

    key: str
    label: str
    run: Callable[[models.BaseModel], str]


class O2cDailyStep(models.AbstractModel):
    """The list of steps that the day's cycle calls.

    Each domain adds its own after those of the domains it depends on, so that the order of steps
    is the order of dependencies.
    """

    _name = "o2c.daily.step"
    _description = "Step of the Day's Cycle"

    @api.model
    @api.private
    def steps(self, company):
        """The steps that ``company`` has switched on, in the order they are to run.

        :param company: one ``res.company``
        :return: list of :class:`DailyStep`
        """
        if not company._o2c_uses_any():
            return []
        return [
            DailyStep(
                key="customer_qualification",
                label=self.env._("Reminders of qualification documents that expire"),
                run=lambda company: company.env["o2c.qualification"]._remind(company),
            )
        ]
