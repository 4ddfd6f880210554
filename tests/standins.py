"""What stands in for the Reader in tests: it answers page by page, in processes of its own too."""

from inkdigits.errors import InputError
from inkdigits.images import Document
from inkdigits.reading import Reading


class PageReader:
    """The interface that `inkdigits.batch` uses; a test's reader says in `page` what a page holds."""

    def __init__(self, model: object = None, threshold: float | None = None, device: str = "cpu") -> None:
        self.model, self.threshold, self.device = model, threshold, device

    def read_pages(self, pages: list[tuple[Document, int, str]], *, single: bool, keep: bool) -> list[Reading | InputError]:
        return [self.tried(*page, keep) for page in pages]

    def tried(self, document: Document, number: int, source: str, keep: bool) -> Reading | InputError:
        try:
            return self.page(document, number, source, keep)
        except InputError as error:
            return error

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        raise NotImplementedError
