"""Markdown as the plain text of a mail: wrapped, readable, every link written out."""

from markdown_it.tree import SyntaxTreeNode

from service.emails.wrapping import wrap


def plain_text(root: SyntaxTreeNode) -> str:
    """Write a parsed document as plain text."""
    return "\n\n".join(_blocks(root, indent=""))


def _blocks(node: SyntaxTreeNode, *, indent: str) -> list[str]:
    return [block for child in node.children for block in _block(child, indent=indent)]


def _block(node: SyntaxTreeNode, *, indent: str) -> list[str]:
    match node.type:
        case "heading":
            title = wrap(_inline(node), first=indent, rest=indent)
            return [f"{title}\n{indent}{'-' * max(len(line) - len(indent) for line in title.splitlines())}"]
        case "paragraph":
            return ["\n".join(wrap(part, first=indent, rest=indent) for part in _inline(node).split("\n"))]
        case "bullet_list" | "ordered_list":
            return [_list(node, indent=indent)]
        case "blockquote":
            return _blocks(node, indent=f"{indent}> ")
        case "fence" | "code_block":
            return ["\n".join(f"{indent}    {line}" for line in node.content.rstrip("\n").split("\n"))]
        case "hr":
            return [f"{indent}* * *"]
        case "table":
            return ["\n".join(_rows(node, indent=indent))]
        case _:
            return _blocks(node, indent=indent)


def _list(node: SyntaxTreeNode, *, indent: str) -> str:
    number = int(node.attrs.get("start", 1))
    items = []
    for offset, child in enumerate(node.children):
        mark = f"{number + offset}. " if node.type == "ordered_list" else "- "
        deeper = indent + " " * len(mark)
        text = "\n".join(_blocks(child, indent=deeper)) or deeper
        items.append(f"{indent}{mark}{text.removeprefix(deeper)}")
    return "\n".join(items)


def _rows(node: SyntaxTreeNode, *, indent: str) -> list[str]:
    return [
        wrap(" | ".join(_inline(cell) for cell in row.children), first=indent, rest=f"{indent}  ")
        for row in node.walk()
        if row.type == "tr"
    ]


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            # Its alternative text is kept in children, as the parser leaves it.
            return "".join(_inline(child) for child in node.children) or str(node.attrs.get("alt", ""))
        case "link":
            return _link(node)
        case _:
            return "".join(_inline(child) for child in node.children)


def _link(node: SyntaxTreeNode) -> str:
    label = "".join(_inline(child) for child in node.children)
    target = str(node.attrs.get("href", ""))
    if label in {target, target.removeprefix("mailto:")}:
        return target
    return f"{label} <{target}>"
