import threading
import time
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.service.model import retrying
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class RaceCommon(TransactionCase):
    """Two users at the same instant, on real connections: what they do is committed.

    A test class says in :meth:`_create_business` what there is and in :meth:`_remove_business` how
    it goes again; what the former returns is in ``ids``.
    """

    def setUp(self):
        super().setUp()
        with self._new_env() as env:
            self.ids = self._create_business(env)
        self.addCleanup(self._remove_business)

    @contextmanager
    def _new_env(self):
        """An environment on a connection of its own; what is written there is committed."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _create_business(self, env):
        raise NotImplementedError

    def _remove_business(self):
        raise NotImplementedError

    def _race(self, records, first, second):
        """Do one thing, and another one before the first is committed.

        :param records: (model, ids) that the second reads beforehand: from then on it sees the past
        :param first: function of an environment, done by the one who is earlier
        :param second: the same, done by the other and repeated as often as Odoo repeats a request
        :return: how many times the second was tried
        """
        tries, errors = [], []
        is_done = threading.Event()

        def win(env):
            try:
                first(env)
                env.flush_all()
                is_done.set()
                # The other one runs into the lock before this is committed.
                time.sleep(1.0)
                env.cr.commit()
            except Exception as error:
                errors.append(error)
                is_done.set()

        # Both made here: Odoo runs tests under a lock that other threads cannot take.
        with self._new_env() as winner, self._new_env() as loser:

            def lose():
                tries.append(1)
                second(loser)

            model, ids = records
            loser[model].browse(ids).read(["create_date"])
            thread = threading.Thread(target=win, args=(winner,))
            thread.start()
            is_done.wait(30)
            try:
                retrying(lose, loser)
            finally:
                thread.join(30)
        self.assertFalse(errors)
        return len(tries)
