"""Markdown as HTML: anchors, contents, maths, links, tables."""

from analysis.report.site.markdown import Page


def test_headings_are_kept_but_for_the_first_and_their_anchors_differ() -> None:
    page = Page("en")
    html = page.html("# Title\n\n## Who's *compared*, with whom?\n\n## Rates\n\n## Rates\n")
    assert "Title" not in html
    assert [heading.anchor for heading in page.headings] == [
        "whos-compared-with-whom",
        "rates",
        "rates-1",
    ]
    assert '<h2 id="whos-compared-with-whom">Who\'s <em>compared</em>, with whom?</h2>' in html


def test_a_list_of_contents_is_left_out_and_other_lists_are_kept() -> None:
    html = Page("en").html("- [A](#a)\n- [B](#b)\n\nThen\n\n- [C](#c)\n- text\n")
    assert "#a" not in html
    assert "#c" in html
    assert "text" in html


def test_links_lead_where_the_page_says_or_nowhere() -> None:
    page = Page("en", {"a.md": "a.en.html", "b.md": None}.get)
    html = page.html("See [A](a.md) and [B](b.md).")
    assert html.strip() == '<p>See <a href="a.en.html">A</a> and B.</p>'


def test_formulas_are_mathml_with_their_source() -> None:
    html = Page("en").html("Say $a_1\n< b$.\n\n$$\n\\frac{k}{n}\n$$\n")
    assert "<msub><mi>a</mi><mn>1</mn></msub>" in html
    assert '<annotation encoding="application/x-tex">a_1\n&lt; b</annotation>' in html
    assert "<mfrac>" in html
    assert html.count('display="block"') == 1


def test_tables_are_regions_that_are_numbered() -> None:
    page = Page("fr")
    html = page.html("| a | b |\n|---|---|\n| $x$ | 2 |\n")
    assert 'aria-label="Tableau 1"' in html
    assert html.count('<th scope="col">') == 2
    assert "<math" in html
    assert 'aria-label="Tableau 2"' in page.table("<table><tr><th>a</th></tr><tr><td>1</td></tr>")


def test_a_heading_that_is_only_a_formula_is_also_text() -> None:
    html = Page("en").html("| $b^*$ | a $x$ |\n|---|---|\n| 1 | 2 |\n")
    assert '<span class="unseen">b^*</span></th>' in html
    assert html.count("unseen") == html.count('aria-hidden="true"') == 1
