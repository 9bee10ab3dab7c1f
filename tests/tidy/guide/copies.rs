//! Blocks that are copies: after `<!-- examples/orders/template.yaml#queue -->` stands what is between `# guide: queue` and
//! `# guide: end` of that file, or all of it where no section is named.

use std::fs;

use super::page::Page;

fn source(place: &str) -> Result<Vec<String>, String> {
    let (path, section) = place.split_once('#').map_or((place, None), |(path, section)| (path, Some(section)));
    let text = fs::read_to_string(crate::root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let lines = text.lines().map(str::to_owned);
    let Some(section) = section else { return Ok(lines.collect()) };
    let begins = format!("guide: {section}");
    let part: Vec<String> = lines
        .skip_while(|line| !line.ends_with(&begins))
        .skip(1)
        .take_while(|line| !line.ends_with("guide: end"))
        .collect();
    if part.is_empty() {
        return Err(format!("{path} has no section `{section}`"));
    }
    let indent = part.iter().filter(|line| !line.is_empty()).map(|line| line.len() - line.trim_start().len()).min();
    Ok(part.into_iter().map(|line| line.get(indent.unwrap_or(0)..).unwrap_or_default().to_owned()).collect())
}

pub(super) fn check(page: &Page) -> Result<(), String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = page.text.lines();
    while let Some(line) = rest.next() {
        lines.push(line.to_owned());
        let place = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        let Some(place) = place.filter(|place| place.contains('/') && !place.contains(": ")) else { continue };
        lines.push(rest.next().unwrap_or_default().to_owned());
        lines.extend(source(place).map_err(|wrong| format!("{}.md: {wrong}", page.name))?);
        let end = rest.find(|line| *line == "```");
        lines.push(end.ok_or_else(|| format!("{}.md: no block follows {place}", page.name))?.to_owned());
    }
    let path = super::folder().join(format!("{}.md", page.name));
    super::same_or_overwrite(&path, &format!("{}\n", lines.join("\n")))
}
