from io import BytesIO

from lxml.html import fromstring

from odoo import models
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from .dunning_letter import REPORT

# Documents that are one page of HTML with all that they need.
STANDALONE = {REPORT, "order_to_cash.report_account_statement"}


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
        if self.report_name not in STANDALONE:
            return super()._prepare_html(html, report_model=report_model)
        root = fromstring(html)
        paper = {key: value for key, value in root.items() if key.startswith("data-report-")}
        return [html.decode()], [None], None, None, paper

    def _o2c_print_letters(self, report_ref, data, notices):
        """The PDF of each of the letters, by the id of its reminder."""
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

    def _o2c_split_letters(self, stream, references):
        """Cut a PDF where the next reference appears.

        :param references: what the first page of each letter bears, in the order of the letters
        :return: list of bytes, one a letter; empty when the references are not found
        """
        reader = PdfFileReader(stream)
        waiting = list(reversed(references))
        writers = []
        for page in reader.pages:
            if waiting and waiting[-1] in page.extract_text():
                waiting.pop()
                writers.append(PdfFileWriter())
            if not writers:
                return []
            writers[-1].addPage(page)
        if waiting:
            return []
        contents = []
        for writer in writers:
            part = BytesIO()
            writer.write(part)
            contents.append(part.getvalue())
        return contents
