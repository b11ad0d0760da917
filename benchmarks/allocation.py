"""Allocation runs against core's reservation of the same moves, and ordinary reservation.

    script/bench allocation

Everything is rolled back at the end.
"""

import random
import statistics
import time
from contextlib import contextmanager

from odoo.tools import SQL

from odoo.addons.order_to_cash.benchmarks.measure import Table, measured, multiply

MOVES = 10000
PRODUCTS = 1000
# Core needs minutes for all of them; its cost a move is measured on as many.
NATIVE_MOVES = 1000
PICKINGS = 240
PICKINGS_A_PRODUCT = 8


def main(env):
    table = Table()
    company = env.company
    company.o2c_use_allocation = True
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
    moves = make_moves(env, warehouse)
    measure_run(env, table, company, moves)
    measure_picking(env, table, company, warehouse)
    return table


# Runs ---------------------------------------------------------------------------------------------


def measure_run(env, table, company, moves):
    print(f"{MOVES} open moves over {PRODUCTS} products")
    native, native_statements = measure_native(env, moves)
    table.row(f"core's reservation ({NATIVE_MOVES} moves, for all)", f"{native:.1f} s")
    table.row("core's statements", str(native_statements))
    run = env["o2c.allocation.run"].create({"company_id": company.id})
    run.action_simulate()
    simulating, _statements = measured(env, run.action_simulate, 3)
    table.row("simulating", f"{simulating:.2f} s", "under 2 s", simulating < 2)
    applying, statements = measured(env, run.action_apply)
    assert run.state == "applied", run.state
    table.row("applying", f"{applying:.2f} s")
    table.row("statements", str(statements))
    ratio = native / applying
    table.row("times faster than core", f"{ratio:.1f}", "10 or more", ratio >= 10)
    ratio = native_statements / statements
    table.row("times fewer statements", f"{ratio:.0f}", "100 or more", ratio >= 100)
    check_equal_totals(env, moves)

    def again():
        run = env["o2c.allocation.run"].create({"company_id": company.id})
        run.action_simulate()
        run.action_apply()
        assert not run.changing_line_ids

    seconds, _statements = measured(env, again, 2)
    table.row("running again with nothing to change", f"{seconds:.2f} s", "under 3 s", seconds < 3)


@contextmanager
def undone(env):
    """What is done inside is undone."""
    env.flush_all()
    with env.cr.savepoint() as savepoint:
        yield
        env.flush_all()
        savepoint.rollback()
    env.invalidate_all()


def measure_native(env, moves):
    """Seconds and statements of core for all moves, from those of a part."""
    products = moves.product_id[: PRODUCTS * NATIVE_MOVES // MOVES]
    part = moves.filtered(lambda move: move.product_id in products)
    ranked = env["o2c.allocation.ranking"]._resolve(part)
    part = part.sorted(lambda move: ranked[move.id].sort_key)
    with undone(env):
        seconds, statements = measured(env, part._action_assign)
    return seconds * MOVES / len(part), round(statements * MOVES / len(part))


def check_equal_totals(env, moves):
    """No product is given away twice, and none is left that somebody lacks."""
    env.flush_all()
    [(wrong,)] = env.execute_query(
        SQL(
            """
            SELECT COUNT(*)
              FROM (SELECT product_id, SUM(product_qty) AS wanted, SUM(quantity) AS reserved
                      FROM stock_move WHERE id = ANY(%s) GROUP BY product_id) demand
              JOIN (SELECT product_id, SUM(quantity) AS quantity, SUM(reserved_quantity) AS reserved
                      FROM stock_quant WHERE quantity > 0 GROUP BY product_id) supply
             USING (product_id)
             WHERE demand.reserved <> LEAST(demand.wanted, supply.quantity)
                OR demand.reserved <> supply.reserved
            """,
            moves.ids,
        )
    )
    assert not wrong, f"{wrong} products are not distributed rightly"


def make_moves(env, warehouse):
    """One move by Odoo, the others by SQL from it, a transfer each for ten of them."""
    pick = random.Random(1)
    products = env["product.product"].create([
        {"name": f"Bench {number}", "type": "consu", "is_storable": True}
        for number in range(PRODUCTS)
    ])
    locations = env["stock.location"].create([
        {"name": f"Bench {number}", "location_id": warehouse.lot_stock_id.id} for number in range(2)
    ])
    env["stock.quant"].sudo().create([
        {
            "product_id": product.id,
            "location_id": location.id,
            "quantity": pick.randint(5, 30),
        }
        for product in products
        for location in locations
    ])
    partner = env["res.partner"].create({"name": "Bench customer"})
    warehouse.out_type_id.reservation_method = "manual"
    picking = new_picking(env, warehouse, partner, products[:1], 3)
    picking.action_confirm()
    env.flush_all()
    pickings = multiply(
        env,
        "stock.picking",
        picking,
        "number",
        SQL("generate_series(1, %s)", MOVES // 10),
        name=SQL("'BENCH/' || number"),
    )
    ids = multiply(
        env,
        "stock.move",
        picking.move_ids,
        "number",
        SQL("generate_series(1, %s)", MOVES),
        product_id=SQL("(%s::int[])[1 + number %% %s]", products.ids, PRODUCTS),
        picking_id=SQL("(%s::int[])[1 + number %% %s]", pickings, len(pickings)),
        o2c_allocation_rank=SQL("1 + (number * 7) %% 5"),
        product_uom_qty=SQL("1 + (number * 3) %% 8"),
        product_qty=SQL("1 + (number * 3) %% 8"),
    )
    env.invalidate_all()
    picking.action_cancel()
    env.flush_all()
    env.cr.execute("ANALYZE")
    return env["stock.move"].browse(ids)


def new_picking(env, warehouse, partner, products, quantity):
    return env["stock.picking"].create({
        "picking_type_id": warehouse.out_type_id.id,
        "partner_id": partner.id,
        "location_id": warehouse.lot_stock_id.id,
        "location_dest_id": env.ref("stock.stock_location_customers").id,
        "move_ids": [
            (0, 0, {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": env.ref("stock.stock_location_customers").id,
            })
            for product in products
        ],
    })


# One transfer -------------------------------------------------------------------------------------


def new_products(env, warehouse):
    """Five products of which there is plenty."""
    products = env["product.product"].create([
        {"name": f"Bench plain {number}", "type": "consu", "is_storable": True} for number in range(5)
    ])
    for product in products:
        env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1e6)
    return products


def measure_picking(env, table, company, warehouse):
    """Reserve transfers of five products by the button, with allocation on and off by turns."""
    partner = env["res.partner"].create({"name": "Bench walk-in"})
    spent = {True: [], False: []}
    for number in range(PICKINGS):
        if number % PICKINGS_A_PRODUCT == 0:
            # Rows rewritten in this transaction cannot be cleaned away, and are read ever again.
            products = new_products(env, warehouse)
        is_on = bool((number + number // 2) % 2)
        company.o2c_use_allocation = is_on
        picking = new_picking(env, warehouse, partner, products, 2)
        picking.action_confirm()
        env.flush_all()
        start = time.perf_counter()
        picking.action_assign()
        env.flush_all()
        if number >= PICKINGS // 6:
            spent[is_on].append(time.perf_counter() - start)
        assert picking.state == "assigned", picking.state
    plain, ours = (statistics.median(spent[is_on]) for is_on in (False, True))
    print("Reserving a transfer of five products, nothing protected")
    table.row("switched off", f"{plain * 1000:.1f} ms")
    table.row("switched on", f"{ours * 1000:.1f} ms")
    table.row("times switched off", f"{ours / plain:.3f}", "1.05 or less", ours / plain <= 1.05)


try:
    result = main(env)  # noqa: F821 the shell's
finally:
    env.cr.rollback()  # noqa: F821
result.close()
