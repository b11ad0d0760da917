from io import BytesIO

from lxml.html import fromstring

from odoo import models
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from .dunning_letter import REPORT

# Documents that are one page of HTML with all that they need.
STANDALONE = {REPORT, "order_to_cash.report_account_statement"}

# Lines of letters in one call of the PDF engine. It runs out of memory at some tens of thousands, and
# a call takes more than a second before it prints anything.
LINES_AT_ONCE = 5000

# Width and height, in dots, of the image on the first page of each letter.
MARK = (7, 3)


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Print letters by one call of the PDF engine; a letter that was sent comes as sent.

        Core makes one HTML page a record, which the PDF engine without its patched Qt refuses;
        ours is one page for all, told apart by their references afterwards.
        """
        if not res_ids or self._get_report(report_ref).report_name != REPORT:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        notices = self.env["o2c.dunning.notice"].browse(res_ids)
        filed = notices.filtered(lambda notice: notice.letter_id.mimetype == "application/pdf")
        contents = {notice.id: notice.letter_id.raw for notice in filed}
        new = notices - filed
        if new:
            contents |= self._o2c_print_letters(report_ref, data, new)
        return {
            notice.id: {
                "stream": BytesIO(contents[notice.id]),
                "attachment": notice.letter_id if notice in filed else None,
            }
            for notice in notices
        }

    def _prepare_html(self, html, report_model=False):
        """A page of letters goes to the PDF engine as it is: it has no header and footer to cut
        out, and refers to nothing that the engine would have to fetch."""
        if self.report_name not in self._o2c_standalone():
            return super()._prepare_html(html, report_model=report_model)
        root = fromstring(html)
        paper = {key: value for key, value in root.items() if key.startswith("data-report-")}
        return [html.decode()], [None], None, None, paper

    def _o2c_standalone(self):
        """Hook: names of the reports that are one page of HTML with all that they need."""
        return STANDALONE

    def _o2c_print_letters(self, report_ref, data, notices):
        """The PDF of each of the letters, by the id of its reminder."""
        contents = {}
        for batch in self._o2c_batches(notices):
            contents |= self._o2c_print_batch(report_ref, data, batch)
        return contents

    def _o2c_batches(self, notices):
        """``notices`` in parts that the PDF engine has memory for: what one call may print."""
        batch, lines = notices.browse(), 0
        for notice in notices:
            count = len(notice.line_ids)
            if batch and lines + count > LINES_AT_ONCE:
                yield batch
                batch, lines = notices.browse(), 0
            batch += notice
            lines += count
        yield batch

    def _o2c_print_batch(self, report_ref, data, notices):
        """The PDF of each of some letters, by the id of its reminder, in one call of the engine."""
        prepare = super()._render_qweb_pdf_prepare_streams
        streams = prepare(report_ref, data, res_ids=notices.ids)
        if False in streams:
            parts = self._o2c_split_letters(streams[False]["stream"], notices.mapped("name"))
            if parts:
                return dict(zip(notices.ids, parts, strict=True))
            # The references cannot be read in the PDF: print one by one.
            streams = {}
            for notice in notices:
                streams |= prepare(report_ref, data, res_ids=notice.ids)
        return {notice.id: streams[notice.id]["stream"].getvalue() for notice in notices}

    def _o2c_letter_starts(self, pages, references):
        """The numbers of the pages on which a letter begins, as many as there are references.

        The mark that the first page of each letter bears is found without reading its text, which
        takes ten times as long as printing it.

        :return: a set, empty when they cannot be told
        """
        starts = [number for number, page in enumerate(pages) if self._o2c_is_marked(page)]
        if len(starts) == len(references) and starts[0] == 0:
            return set(starts)
        waiting = list(reversed(references))
        starts = set()
        for number, page in enumerate(pages):
            if waiting and waiting[-1] in page.extract_text():
                waiting.pop()
                starts.add(number)
        return starts if not waiting and 0 in starts else set()

    def _o2c_is_marked(self, page):
        images = (page["/Resources"].get("/XObject") or {}).values()
        return any(
            (image.get_object().get("/Width"), image.get_object().get("/Height")) == MARK
            for image in images
        )

    def _o2c_split_letters(self, stream, references):
        """Cut a PDF where the next letter begins.

        :param references: what the first page of each letter bears, in the order of the letters
        :return: list of bytes, one a letter; empty when the references are not found
        """
        pages = list(PdfFileReader(stream).pages)
        starts = self._o2c_letter_starts(pages, references)
        if not starts:
            return []
        writers = []
        for number, page in enumerate(pages):
            if number in starts:
                writers.append(PdfFileWriter())
            writers[-1].addPage(page)
        contents = []
        for writer in writers:
            part = BytesIO()
            writer.write(part)
            contents.append(part.getvalue())
        return contents
