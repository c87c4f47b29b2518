"""Reads an SPDX document as strictly as the specification has it: spdx.github.io/spdx-spec/v2.3, as far as a document
about packages, files and their relationships goes."""

import re

DOCUMENT = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages", "files",
            "relationships"}
PACKAGE = {"SPDXID", "name", "downloadLocation"}
FILE = {"SPDXID", "fileName", "checksums"}
RELATIONSHIP = {"spdxElementId", "relationshipType", "relatedSpdxElement"}
KINDS = {"DESCRIBES", "CONTAINS", "STATIC_LINK", "DYNAMIC_LINK", "DEPENDS_ON", "BUILD_DEPENDENCY_OF", "GENERATED_FROM"}
LENGTHS = {"SHA1": 40, "SHA256": 64}
PURL = re.compile(r"pkg:deb/debian/[a-z0-9.%+A-F-]+@[A-Za-z0-9.~%_-]+\?arch=[a-z0-9]+&distro=[a-z]+")
LICENCE = re.compile(r"(NOASSERTION|NONE|[A-Za-z0-9.+-]+( WITH [A-Za-z0-9.-]+)?( (AND|OR) [A-Za-z0-9.+-]+)*)")


def problems(document):
    """Sentences about what is wrong with it; none when it is right."""
    found = lacking("the document", document, DOCUMENT)
    if found:
        return found
    for key, wanted in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        if document[key] != wanted:
            found.append(f"{key} is {document[key]!r} and not {wanted!r}")
    if not re.fullmatch(r"https?://[^#\s]+", document["documentNamespace"]):
        found.append(f"documentNamespace is no URI without a fragment: {document['documentNamespace']!r}")
    creation = document["creationInfo"]
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", creation.get("created", "")):
        found.append(f"creationInfo.created is {creation.get('created')!r}")
    creators = creation.get("creators", [])
    if not creators or not all(re.match(r"(Tool|Person|Organization): \S", creator) for creator in creators):
        found.append(f"creationInfo.creators is {creators!r}")
    for package in document["packages"]:
        found += package_problems(package)
    for file in document["files"]:
        found += file_problems(file)
    return found + licence_problems(document) + relationship_problems(document)


def lacking(what, entry, keys):
    return [f"{what} has no {key}" for key in sorted(keys) if not entry.get(key)]


def package_problems(package):
    what = f"package {package.get('name')}"
    found = lacking(what, package, PACKAGE)
    if package.get("filesAnalyzed", True) != ("packageVerificationCode" in package):
        found.append(f"{what}: packageVerificationCode goes with filesAnalyzed")
    for reference in package.get("externalRefs", []):
        found += lacking(what, reference, {"referenceCategory", "referenceType", "referenceLocator"})
        if reference.get("referenceType") == "purl" and not PURL.fullmatch(reference["referenceLocator"]):
            found.append(f"{what}: {reference['referenceLocator']!r} is no package URL of Debian's")
    return found


def file_problems(file):
    what = f"file {file.get('fileName')}"
    found = lacking(what, file, FILE)
    if not file.get("fileName", "").startswith("./"):
        found.append(f"{what}: its name is not relative, with ./")
    digests = {digest["algorithm"]: digest["checksumValue"] for digest in file.get("checksums", [])}
    if "SHA1" not in digests:
        found.append(f"{what} has no SHA1")
    for algorithm, value in digests.items():
        if not re.fullmatch(rf"[0-9a-f]{{{LENGTHS[algorithm]}}}", value):
            found.append(f"{what}: {value!r} is no {algorithm}")
    return found


def licence_problems(document):
    found = []
    texts = {entry["licenseId"] for entry in document.get("hasExtractedLicensingInfos", []) if entry["extractedText"]}
    for package in document["packages"]:
        for key in ("licenseConcluded", "licenseDeclared"):
            expression = package.get(key, "NOASSERTION")
            if not LICENCE.fullmatch(expression):
                found.append(f"package {package['name']}: {key} {expression!r} is no licence expression")
            for reference in set(re.findall(r"LicenseRef-[A-Za-z0-9.-]+", expression)) - texts:
                found.append(f"package {package['name']}: {reference} has no text in hasExtractedLicensingInfos")
    return found


def relationship_problems(document):
    elements = [document["SPDXID"], *(entry["SPDXID"] for entry in document["packages"] + document["files"])]
    found = [f"{name!r} is no SPDX identifier" for name in elements
             if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name)]
    found += [f"two elements are called {name}" for name in sorted(set(elements)) if elements.count(name) > 1]
    related = set()
    for relation in document["relationships"]:
        found += lacking("a relationship", relation, RELATIONSHIP)
        if relation.get("relationshipType") not in KINDS:
            found.append(f"a relationship is of the type {relation.get('relationshipType')!r}")
        for end in ("spdxElementId", "relatedSpdxElement"):
            related.add(relation.get(end))
            if relation.get(end) not in elements:
                found.append(f"a relationship names {relation.get(end)!r}, which is not in the document")
    return found + [f"{name} is related to nothing" for name in elements if name not in related]
