import COCO
import Foundation
import Imaging
import Testing
import Training

@Suite("Conversion to COCO")
struct ConversionTests {
  /// As VOC2007's 000001.xml, with faults added.
  private let voc = """
    <?xml version="1.0"?>
    <!-- a comment with <tags> -->
    <annotation>
      <folder>VOC2007</folder>
      <filename>000001.jpg</filename>
      <size><width>353</width><height>500</height><depth>3</depth></size>
      <object><name>dog</name><difficult>0</difficult>
        <bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox>
        <part/></object>
      <object><name>person &amp; child</name>
        <bndbox><xmin>8</xmin><ymin>12</ymin><xmax>352</xmax><ymax>498</ymax></bndbox></object>
      <object><name>dog</name>
        <bndbox><xmin>80</xmin><ymin>12</ymin><xmax>70</xmax><ymax>498</ymax></bndbox></object>
      <object><name>dog</name></object>
    </annotation>
    """

  private func folder(_ files: [String: Data]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "convert-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, content) in files { try content.write(to: folder.appending(path: name)) }
    return folder.path
  }

  @Test("VOC's boxes, which count from 1 and include the last pixel, become COCO's; each fault has its line")
  func vocFolder() throws {
    let path = try folder(["1.xml": Data(voc.utf8), "2.xml": Data("<annotation><size>".utf8)])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let conversion = try Conversion.voc(path, names: nil)
    let annotations = conversion.annotations
    #expect(annotations.labels == ["dog", "person & child"])
    #expect(annotations.images.map(\.fileName) == ["000001.jpg"])
    #expect(annotations.objects.map(\.box) == [[47, 239, 148, 132], [7, 11, 345, 487]])
    #expect(annotations.objects.map(\.categoryID) == [1, 2])
    #expect(conversion.issues.count == 3)
    for fact in ["object 3: the box", "object 4: has no box", "2.xml: invalid XML"] {
      #expect(conversion.issues.contains { $0.contains(fact) }, "\(fact) in \(conversion.issues)")
    }
  }

  @Test("with given names, others are left out")
  func vocNames() throws {
    let path = try folder(["1.xml": Data(voc.utf8)])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let conversion = try Conversion.voc(path, names: ["cat", "dog"])
    #expect(conversion.annotations.objects.map(\.categoryID) == [2])
    #expect(conversion.issues.contains { $0.contains("'person & child' is not in the list of names") })
  }

  @Test("YOLO's shares of the image become pixels; what is written comes back")
  func yoloFolder() throws {
    let image = Data(try Image(width: 200, height: 100).encoded(as: .png))
    let path = try folder([
      "a.png": image, "empty.png": image, "broken.jpg": Data([1, 2, 3]),
      "classes.txt": Data("cat\ndog\n".utf8),
      "a.txt": Data(
        "1 0.5 0.5 0.2 0.4\r\n0 0.1 0.2 0 0.1\n7 .5 .5 .1 .1\n0 0.5 x 0.1 0.1\n0 90 40 30 30\n".utf8),
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let conversion = try Conversion.yolo(path, images: path, names: nil)
    let result = conversion.annotations
    #expect(result.images.map(\.fileName) == ["a.png", "empty.png"])
    #expect(result.objects.map(\.box) == [[80, 30, 40, 40]])
    #expect(result.objects.map(\.categoryID) == [2])
    #expect(conversion.issues.count == 5)
    for fact in [
      "line 2: the box has no area", "line 3: there is no class", "line 4: not a class",
      "line 5: the box is not", "broken.jpg",
    ] {
      #expect(conversion.issues.contains { $0.contains(fact) }, "\(fact) in \(conversion.issues)")
    }
    try AnnotationsFile.write(result, to: path + "/out.json")
    let read = try Annotations(contentsOf: path + "/out.json")
    #expect(read.images == result.images)
    #expect(read.objects == result.objects)
    #expect(read.categories == result.categories)
  }

  @Test(
    "invalid XML throws and never traps",
    arguments: [
      "", "<", "<a", "<a>", "<a></b>", "</a>", "<a>&unknown;</a>", "<a>&#x110000;</a>", "<!--", "< >",
    ])
  func brokenXML(text: String) {
    #expect(throws: XMLElement.Fault.self) { try XMLElement(parsing: Array(text.utf8)) }
  }

  @Test("character data, numbered entities and empty elements are read")
  func xmlText() throws {
    let root = try XMLElement(parsing: Array("<a x='1'>1&#65;<b/><![CDATA[<&>]]></a>".utf8))
    #expect(root.text == "1A<&>")
    #expect(root.children.map(\.name) == ["b"])
  }
}
