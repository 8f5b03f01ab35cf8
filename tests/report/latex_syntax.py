"""A small reader of LaTeX mathematics: what TeX would stop at is an error."""

import re

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}_^'&]|[^\\{}_^'&]", re.DOTALL)
ARGUMENTS = {r"\frac": 2, r"\tfrac": 2, r"\sqrt": 1, r"\dot": 1, r"\bar": 1, r"\hat": 1, r"\tilde": 1, r"\mathrm": 1, r"\text": 1}
ARGUMENTS |= {r"\operatorname": 1, r"\operatorname*": 1, r"\begin": 1, r"\end": 1}
SYMBOLS = set(
    r"""\sum \prod \max \min \log \exp \sin \cos \tan \sinh \cosh \tanh \arcsin \arccos \arctan \sigma \pi \infty \Gamma \psi \Phi \partial
    \le \ge \ne \in \wedge \vee \neg \cdot \mp \pm \bmod \to \Rightarrow \int \ldots \quad \displaystyle \Vert \vert \ast \lfloor \rfloor
    \lceil \rceil \langle \rangle \ell \backslash \sim \surd \mid \, \; \: \! \  \\ \{ \} \| \_ \% \# \& \$""".split()
) | {"\\ "}
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega varepsilon vartheta "
    "varphi varrho Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
SYMBOLS |= {rf"\{name}" for name in GREEK.split()}
DELIMITERS = {"(", ")", "[", "]", "|", ".", "\\{", "\\}", r"\lfloor", r"\rfloor", r"\lceil", r"\rceil", r"\Vert", r"\vert", r"\|"}


class Wrong(Exception):
    """What TeX would stop at."""


def balanced(text: str) -> bool:
    """Whether TeX reads the formula to its end.

    Raises:
        Wrong: it does not; says where.
    """
    reader = _Reader(TOKEN.findall(text))
    reader.formula(())
    return True


class _Reader:
    def __init__(self, tokens: list[str]):
        self.tokens, self.at, self.cases = tokens, 0, 0

    def next(self) -> str:
        if self.at == len(self.tokens):
            raise Wrong("ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def formula(self, ends: tuple[str, ...]) -> str:
        """Read up to one of the ends, which is returned; each atom has one subscript and one superscript at most."""
        scripts: set[str] = set()
        while self.at < len(self.tokens):
            token = self.next()
            if token in ends:
                return token
            if token in "_^":
                if token in scripts:
                    raise Wrong(f"double script at {self.at}: {''.join(self.tokens[max(0, self.at - 20) : self.at + 10])}")
                scripts.add(token)
                self.argument()
            elif token == "'":
                if "^" in scripts:
                    raise Wrong("a prime behind a superscript")
            elif token != " ":
                scripts = set()
                self.atom(token)
        if ends:
            raise Wrong(f"no {' or '.join(ends)}")
        return ""

    def argument(self) -> None:
        token = self.next()
        while token == " ":
            token = self.next()
        self.atom(token)

    def word(self) -> str:
        if self.next() != "{":
            raise Wrong("a word stands in braces")
        letters = []
        while (token := self.next()) != "}":
            letters.append(token)
        return "".join(letters)

    def atom(self, token: str) -> None:
        if token == "{":
            self.formula(("}",))
        elif token in ("}", r"\right"):
            raise Wrong(f"{token} without its partner")
        elif token == "&" or token == "\\\\":
            if token == "&" and not self.cases:
                raise Wrong("& outside of an environment")
        elif token == r"\left":
            self.delimiter()
            self.formula((r"\right",))
            self.delimiter()
        elif token == r"\begin":
            name = self.word()
            self.cases += 1
            self.formula((r"\end",))
            self.cases -= 1
            if self.word() != name:
                raise Wrong(f"{name} is not ended")
        elif token in (r"\text", r"\mathrm", r"\operatorname", r"\operatorname*"):
            self.word_or_formula()
        elif token in ARGUMENTS:
            for _ in range(ARGUMENTS[token]):
                self.argument()
        elif token.startswith("\\") and token not in SYMBOLS:
            raise Wrong(f"no command {token}")

    def word_or_formula(self) -> None:
        if self.next() != "{":
            raise Wrong("a word stands in braces")
        self.formula(("}",))

    def delimiter(self) -> None:
        token = self.next()
        if token not in DELIMITERS:
            raise Wrong(f"{token} is no delimiter")
