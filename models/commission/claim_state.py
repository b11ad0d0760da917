"""Where the claims on lines stand in the ledger."""

from dataclasses import dataclass, field

from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission.pricing import Amounts, Money

from .ledger import OF_THE_CLAIM

# What the first row of a claim has besides.
FIRST_COLUMNS = (
    "id", *OF_THE_CLAIM, "kind", "date", "base_amount", "base_company", "quantity", "cost", "origin_entry_id",
    "amount", "amount_company", "amount_payee",
)  # fmt: skip


@dataclass(slots=True)
class ClaimState:
    """A claim and what has been written down for it.

    :ivar first: the columns of its first row
    :ivar amounts: the whole commission
    :ivar earned: sum of the rows that are earned, settled or paid, without what tiers added for other
        sales; ``expected`` of the others
    :ivar base: what the earned amount is reckoned of; ``base_company`` in company currency
    :ivar payments: {id of a reconciliation: (base in company currency, first day of its tally)}
    """

    first: dict
    amounts: Amounts
    earned: Amounts
    expected: Amounts
    base: float
    base_company: float
    last_step: int
    is_closed: bool
    payments: dict = field(default_factory=dict)

    @property
    def line(self):
        return self.first["source_res_id"]

    @property
    def is_of_payments(self):
        """Whether payments earn it: nothing is earned until they come."""
        return self.first["kind"] == "expect"

    def money(self, env):
        """The currencies of the claim, with the rates of its first day."""
        return money_of(env, self.first)


def money_of(env, row):
    """The currencies of a row of the ledger: :class:`pricing.Money`.

    :param row: dict of columns
    """
    company = env["res.company"].browse(row["company_id"]).currency_id
    document = env["res.currency"].browse(row["currency_id"])
    payee = env["res.currency"].browse(row["payee_currency_id"])
    # The company's comes last: where the three are one it does not matter.
    same = {document: "document", company: "company"}
    return Money(
        document.rounding,
        company.rounding,
        payee.rounding,
        row["currency_rate"],
        row["payee_rate"],
        same.get(payee),
    )


def load(env, source, line_ids):
    """The claims of the latest generation on lines, closed ones too.

    :param source: ``order``, ``invoice`` or ``delivery``
    :param line_ids: ids of order lines, invoice lines or stock moves
    :return: list of :class:`ClaimState`, in the order in which they came
    """
    if not line_ids:
        return []
    rows = env.execute_query_dict(
        SQL(
            """
            -- One pass: a join of the rows with their sums would be planned by statistics that know
            -- nothing of rows just written.
            WITH entry AS (
                SELECT *, kind = 'expect' AS is_expected, kind NOT IN ('expect', 'adjust') AS is_own
                  FROM o2c_commission_entry
                 WHERE source = %(source)s AND source_res_id = ANY(%(lines)s) AND agreement_id IS NOT NULL
            ),
            claim AS (
                SELECT entry.*,
                       MAX(generation) OVER (PARTITION BY source_res_id) AS latest,
                       MAX(step) OVER own AS last_step,
                       BOOL_OR(is_closing) OVER own AS is_closed,
                       SUM(amount) FILTER (WHERE is_expected) OVER own AS expected,
                       SUM(amount_company) FILTER (WHERE is_expected) OVER own AS expected_company,
                       SUM(amount_payee) FILTER (WHERE is_expected) OVER own AS expected_payee,
                       SUM(amount) FILTER (WHERE is_own) OVER own AS earned,
                       SUM(amount_company) FILTER (WHERE is_own) OVER own AS earned_company,
                       SUM(amount_payee) FILTER (WHERE is_own) OVER own AS earned_payee,
                       SUM(base_amount) FILTER (WHERE is_own) OVER own AS earned_base,
                       SUM(base_company) FILTER (WHERE is_own) OVER own AS earned_base_company
                  FROM entry
                WINDOW own AS (PARTITION BY source_res_id, agreement_id, generation, part)
            )
            SELECT %(columns)s, latest, last_step, is_closed, expected, expected_company, expected_payee,
                   earned, earned_company, earned_payee, earned_base, earned_base_company
              FROM claim
             WHERE generation = latest AND step = 0
             ORDER BY id
            """,
            source=source,
            lines=list(line_ids),
            columns=SQL(", ").join(map(SQL.identifier, FIRST_COLUMNS)),
        )
    )
    return [_state(row) for row in rows]


def _state(row):
    return ClaimState(
        first={column: row[column] for column in FIRST_COLUMNS},
        amounts=Amounts(*(float(row[name]) for name in ("amount", "amount_company", "amount_payee"))),
        earned=_sums(row, "earned"),
        expected=_sums(row, "expected"),
        base=float(row["earned_base"] or 0.0),
        base_company=float(row["earned_base_company"] or 0.0),
        last_step=row["last_step"],
        is_closed=bool(row["is_closed"]),
    )


def _sums(row, name):
    return Amounts(*(float(row[column] or 0.0) for column in (name, f"{name}_company", f"{name}_payee")))


def load_payments(env, states):
    """Set the payments by which claims were released before."""
    firsts = {state.first["id"]: state for state in states if state.is_of_payments}
    if not firsts:
        return
    rows = env.execute_query(
        SQL(
            """
            SELECT origin_entry_id, partial_ref, SUM(base_company), MAX(tally_from)
              FROM o2c_commission_entry
             WHERE origin_entry_id = ANY(%s) AND partial_ref IS NOT NULL
               AND kind NOT IN ('expect', 'adjust')
             GROUP BY origin_entry_id, partial_ref
            -- A row when it came and one when it went, which may both be of nothing.
            HAVING COUNT(*) %% 2 = 1
            """,
            list(firsts),
        )
    )
    for first_id, partial, base, tally_from in rows:
        firsts[first_id].payments[partial] = (float(base), tally_from)
