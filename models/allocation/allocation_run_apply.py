"""Makes the reservations as a run has simulated them, and leaves alone what has changed since."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# Names of products in a message; the list has them all.
NAMED = 20


class O2cAllocationRun(models.Model):
    _inherit = "o2c.allocation.run"

    def _lock_company(self):
        """Keep others from applying a run of this company until this transaction ends."""
        self.ensure_one()
        [(is_free,)] = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('o2c.allocation.run'), %s)",
                self.company_id.id,
            )
        )
        if not is_free:
            raise UserError(
                self.env._(
                    "Another allocation run of %(company)s is being applied. Try again when it is "
                    "done.",
                    company=self.company_id.display_name,
                )
            )

    def _apply(self):
        self.ensure_one()
        pool = self._gather()
        changed = self._changed_products(pool)
        is_done = self.is_settled and not changed
        stale = set() if is_done else self._carry_out(pool, changed)
        self._record({
            "state": "stale" if stale else "applied",
            "applied_on": fields.Datetime.now(),
            "applied_by_id": self.env.uid,
            "stale_product_ids": [fields.Command.set(stale)],
        })
        self._log_applied()

    def _carry_out(self, pool, changed):
        """Reserve as simulated; return the ids of the products that are left as they are."""
        outcomes = self._plan(pool)
        asked = {demand.product for demand in pool.demands}
        changed |= self._otherwise_planned(pool, outcomes)
        stale = changed | (pool.bound_together(changed) & asked)
        products = asked - stale
        stale |= self.env["o2c.allocation.engine"]._apply(pool, outcomes, products)
        self.env["o2c.allocation.run.line"]._mark_skipped(self, stale)
        return stale

    def _changed_products(self, pool):
        """Ids of the products that are not as they were when the run was simulated."""
        simulated = {int(product): text for product, text in (self.fingerprints or {}).items()}
        now = pool.fingerprints()
        return {
            product
            for product in simulated.keys() | now.keys()
            if simulated.get(product) != now.get(product)
        }

    def _otherwise_planned(self, pool, outcomes):
        """Ids of the products for which another plan is made now: complete orders tie products
        together, so that one that has changed may change another's."""
        planned = self.env["o2c.allocation.run.line"]._planned(self)
        return {
            demand.product
            for demand in pool.demands
            if planned.get(demand.key) != outcomes[demand.key].planned
        }

    def _log_applied(self):
        self.ensure_one()
        applied = Domain("run_id", "=", self.id) & Domain("is_skipped", "=", False)
        Line = self.env["o2c.allocation.run.line"]
        text = self.env._(
            "Applied: %(gaining)s deliveries gain, %(losing)s lose.",
            gaining=Line.search_count(applied & Domain("delta_qty", ">", 0)),
            losing=Line.search_count(applied & Domain("delta_qty", "<", 0)),
        )
        if self.stale_product_ids:
            names = self.stale_product_ids[:NAMED].mapped("display_name")
            text += " " + self.env._(
                "Left as they are, because they have changed since: %(products)s.",
                products=", ".join(names) + ("…" if len(self.stale_product_ids) > NAMED else ""),
            )
        self.message_post(body=text)
