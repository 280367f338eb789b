"""The first page is the repository's README; links that leave docs/ go to the repository."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")


def relink(text: str, folder: str, repository: str) -> str:
    """Links of a page in a folder of the repository, as the site has them."""

    def target(match: re.Match) -> str:
        link = match[1]
        if re.match(r"[a-z]+:|#", link):
            return match[0]
        path, _, anchor = link.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        if not (ROOT / path).exists():
            return match[0]
        anchor = f"#{anchor}" if anchor else ""
        if path.startswith("docs/"):
            return f"]({posixpath.relpath(path, folder if folder.startswith('docs') else 'docs')}{anchor})"
        return f"]({repository}/blob/main/{path}{anchor})"

    return LINK.sub(target, text)


def on_files(files, config):
    text = relink((ROOT / "README.md").read_text(encoding="utf-8"), "", config.repo_url)
    files.append(File.generated(config, "index.md", content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    if page.file.src_uri == "index.md":
        return markdown
    return relink(markdown, posixpath.join("docs", posixpath.dirname(page.file.src_uri)), config.repo_url)
