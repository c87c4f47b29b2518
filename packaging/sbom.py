"""The software bill of materials of a release tree: an SPDX 2.3 document (spdx.github.io/spdx-spec/v2.3) as JSON.

It describes one package, Sidelight, which contains the files of the tree, links the Debian packages of which parts are
in the program, loads those that come along, and depends on the libraries that every Debian has.
"""

import hashlib
import json
import re
import time
import uuid

import debian
import licences

NAME = "sbom.spdx.json"
SIDELIGHT = "SPDXRef-Package-sidelight"


def write(tree, name, version, ingredients, epoch):
    """Writes it into `tree`, about all files that are in there by now."""
    files = [file_entry(tree, path) for path in sorted(tree.rglob("*")) if path.is_file()]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", SIDELIGHT)]
    relations += [(SIDELIGHT, "CONTAINS", file["SPDXID"]) for file in files]
    entries = []
    for kind, packages in (("STATIC_LINK", ingredients.linked), ("DYNAMIC_LINK", set(ingredients.shared.values())),
                           ("DEPENDS_ON", ingredients.system)):
        for package in sorted(packages):
            entries.append(package_entry(package))
            relations.append((SIDELIGHT, kind, identifier("Package", package.name)))
    for package in sorted(ingredients.interface):
        entries.append(package_entry(package))
        relations.append((identifier("Package", package.name), "BUILD_DEPENDENCY_OF", SIDELIGHT))
    for path, package in sorted(ingredients.shared.items()):
        relations.append((identifier("File", f"lib/{path.rpartition('/')[2]}"), "GENERATED_FROM",
                          identifier("Package", package.name)))
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
                         "creators": [f"Tool: sidelight-packaging-{version}"]},
        "packages": [own_entry(version, files), *entries],
        "files": files,
        "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
                          for one, kind, other in relations],
    }
    extracted = {reference: debian.copyright_of(package).read_text()
                 for package in sorted({*ingredients.linked, *ingredients.shared.values()})
                 for reference in licences.references(package)}
    if extracted:
        document["hasExtractedLicensingInfos"] = [
            {"licenseId": reference, "name": reference.removeprefix("LicenseRef-"), "extractedText": text}
            for reference, text in extracted.items()]
    # A namespace must be this document's alone, and the same again when the same is packaged again.
    content = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(document, sort_keys=True))
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/{name}-{content}"
    (tree / NAME).write_text(json.dumps(document, indent=1) + "\n")


def own_entry(version, files):
    digests = "".join(sorted(digest["checksumValue"] for file in files for digest in file["checksums"]
                             if digest["algorithm"] == "SHA1"))
    return {
        "SPDXID": SIDELIGHT,
        "name": "sidelight",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        # The document cannot hold its own digest, and the list of checksums holds the document's.
        "packageVerificationCode": {"packageVerificationCodeValue": hashlib.sha1(digests.encode()).hexdigest(),
                                    "packageVerificationCodeExcludedFiles": [f"./{NAME}", "./SHA256SUMS"]},
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "licenseInfoFromFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
    }


def package_entry(package):
    return {
        "SPDXID": identifier("Package", package.name),
        "name": package.name,
        "versionInfo": package.version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"built from the Debian source package {package.source} {package.source_version}",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licences.expression(package),
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "LIBRARY",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": package.purl}],
    }


def file_entry(tree, path):
    name = str(path.relative_to(tree))
    content = path.read_bytes()
    return {
        "SPDXID": identifier("File", name),
        "fileName": f"./{name}",
        "fileTypes": ["BINARY" if name.startswith(("bin/", "lib/")) else "DOCUMENTATION"],
        "checksums": [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
                      {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()}],
        "licenseConcluded": "NOASSERTION",
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def identifier(kind, name):
    """SPDX allows letters, digits, dots and dashes: what else is in a name is spelled by its code: libstdc-2b--2b-6."""
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9./-]", lambda match: f"-{ord(match[0]):x}-", name).replace("/", "-")
