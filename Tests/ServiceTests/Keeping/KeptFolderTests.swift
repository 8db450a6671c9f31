import COCO
import Foundation
import PlatformC
import Service
import TestSupport
import Testing
import Training
import YOLOX

/// A folder that is removed after the test.
struct ScratchFolder: ~Copyable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "keep-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What `yolox-train --data` reads from a kept data set.
func trainingData(_ path: String) throws -> DetectionDataset {
  try #require(try DataFolder(path).source(.train)).dataset
}

@Suite("The folder of kept images")
struct KeptFolderTests {
  private let header = KeptJournal.Header(model: "nano", labels: ["person", "a \"car\"", "dog"])
  /// COCO's reader knows images by their headers.
  private let png: [UInt8]

  init() throws { png = try [UInt8](Data(contentsOf: Fixture.url("Service/scene.png"))) }

  private func time(_ second: Int) -> Timestamp { Timestamp(milliseconds: 1_764_080_780_123 + 1000 * second) }

  private func image(_ requestID: String = "a", boxes: Int = 2) -> KeptDataset.Image {
    KeptDataset.Image(
      bytes: png, width: 768, height: 576,
      detections: (0..<boxes).map { index in
        let x = Float(10 * index)
        return Detection(classID: index % 3, score: 0.5, box: Box(x1: x, y1: 20.25, x2: x + 30.5, y2: 60))
      }, requestID: requestID)
  }

  private func files(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  // MARK: What is written

  @Test(
    "training reads the images, their boxes and the classes of the model; the files are for their owner only")
  func data() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    var folder = try KeptFolder(at: path, rules: KeepRules())
    for second in 0..<3 {
      _ = try folder.keep(image("r\(second)", boxes: second), of: header, at: time(second))
    }
    try folder.write()
    let read = try trainingData(path + "/nano")
    #expect(read.issues == [] && read.entries.count == 3 && read.labels == ["person", "a \"car\"", "dog"])
    #expect(read.entries.map(\.objects.count) == [0, 1, 2])
    let object = try #require(read.entries[2].objects.last)
    #expect(object.classIndex == 1 && [object.x1, object.y1, object.x2, object.y2] == [10, 20.25, 40.5, 60])
    #expect(try [UInt8](Data(contentsOf: URL(filePath: read.entries[0].path))) == png)
    #expect(
      try files(path + "/nano/images/default").first == "20251125T142620.123Z-r0-1.png")
    let folders = ["", "/nano", "/nano/images", "/nano/images/default", "/nano/annotations"]
    #expect(try folders.map { try mode(path + $0) } == folders.map { _ in 0o700 })
    #expect(try mode(path + "/nano/annotations/instances_default.json") == 0o600)
    // Members that labelling tools expect.
    let text = try Data(contentsOf: URL(filePath: path + "/nano/annotations/instances_default.json"))
    let file = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
    #expect(Set(file.keys) == ["info", "licenses", "images", "annotations", "categories"])
    let annotation = try #require((file["annotations"] as? [[String: Any]])?.first)
    #expect(annotation["score"] as? Double == 0.5 && annotation["category_id"] as? Int == 1)
    #expect(annotation["iscrowd"] as? Int == 0 && annotation["area"] as? Double == 1212.38)
  }

  @Test(
    "a request's id makes no path",
    arguments: ["../../up", "/etc/passwd", "", ".hidden", "a b\u{e9}\n", String(repeating: "x", count: 200)])
  func names(requestID: String) throws {
    let scratch = try ScratchFolder()
    var folder = try KeptFolder(at: scratch.path + "/kept", rules: KeepRules())
    _ = try folder.keep(image(requestID), of: header, at: time(0))
    let names = try files(scratch.path + "/kept/nano/images/default")
    #expect(names.count == 1 && names[0].utf8.count < 100)
    #expect(
      names[0].unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
      })
    #expect(try files(scratch.path) == ["kept"])
  }

  @Test("models, and models whose classes have changed, have data sets of their own")
  func datasets() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    var folder = try KeptFolder(at: path, rules: KeepRules())
    let changed = KeptJournal.Header(model: "nano", labels: ["person"])
    let hostile = KeptJournal.Header(model: "../x", labels: ["person"])
    for model in [header, changed, hostile, header] {
      _ = try folder.keep(image(boxes: 1), of: model, at: time(0))
    }
    #expect(try files(path).filter { $0 != ".lock" } == ["_._x", "nano", "nano-2"])
    try folder.write()
    #expect(try trainingData(path + "/nano").entries.count == 2)
    #expect(try trainingData(path + "/nano-2").labels == ["person"])
  }

  // MARK: Limits

  @Test("the oldest images of all models go for new ones, and the COCO file never names one that is gone")
  func rotation() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    var rules = KeepRules()
    rules.maxBytes = 5 * (png.count + 1100)
    var folder = try KeptFolder(at: path, rules: rules)
    let other = KeptJournal.Header(model: "other", labels: ["x"])
    var removed = 0
    for second in 0..<20 {
      removed += try folder.keep(
        image("r\(second)", boxes: 1), of: second % 2 == 0 ? header : other, at: time(second))
      #expect(folder.bytes <= rules.maxBytes)
      for name in try files(path) where name != ".lock" {
        let json = try Annotations(contentsOf: "\(path)/\(name)/annotations/instances_default.json")
        let present = Set(try files("\(path)/\(name)/images/default"))
        #expect(json.images.allSatisfy { present.contains($0.fileName) })
      }
    }
    #expect(folder.imageCount == 20 - removed && folder.imageCount >= 3)
    try folder.write()
    let kept = try ["nano", "other"].flatMap { try trainingData("\(path)/\($0)").entries.map(\.path) }
    // The newest ones.
    let numbers = kept.compactMap { $0.split(separator: "-").dropLast().last?.dropFirst() }.compactMap {
      Int($0)
    }
    #expect(numbers.sorted() == Array((20 - folder.imageCount)..<20))
  }

  @Test("images that come of age are removed, also while the service is stopped")
  func age() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    var rules = KeepRules()
    rules.maxAge = .seconds(10)
    do {
      var folder = try KeptFolder(at: path, rules: rules)
      let now = Timestamp.now.milliseconds
      for offset in [-9000, -8000, 0] {
        _ = try folder.keep(image(), of: header, at: Timestamp(milliseconds: now + offset))
      }
      #expect(try folder.removeExpired(at: Timestamp(milliseconds: now + 1500)) == 1)
      #expect(folder.imageCount == 2)
    }
    rules.maxAge = .seconds(5)
    let reopened = try KeptFolder(at: path, rules: rules)
    #expect(reopened.imageCount == 1)
    #expect(try files(path + "/nano/images/default").count == 1)
    #expect(try trainingData(path + "/nano").entries.count == 1)
  }

  // MARK: Faults

  @Test("a killed process loses no kept image, and leaves nothing that is not known")
  func recovery() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    var rules = KeepRules()
    rules.maxAge = nil
    do {
      var folder = try KeptFolder(at: path, rules: rules)
      for second in 0..<4 { _ = try folder.keep(image("r\(second)"), of: header, at: time(second)) }
      // Not written: the process is killed.
    }
    // Before the restart the file is one of an earlier time, and valid.
    #expect(try Annotations(contentsOf: path + "/nano/annotations/instances_default.json").images.isEmpty)
    let images = path + "/nano/images/default/"
    // Killed while an image, and while a line of the journal was written; an image that someone has removed.
    let names = try files(images)
    try Data([1]).write(to: URL(filePath: images + "20251125T000000.000Z-x-9.jpg.partial"))
    try FileManager.default.removeItem(atPath: images + names[1])
    let journal = try #require(FileHandle(forWritingAtPath: path + "/nano/.journal"))
    try journal.seekToEnd()
    try journal.write(contentsOf: Data("{\"removed\":\"\(names[0])\"}\n{\"id\":5,\"image\":\"cut".utf8))
    try journal.close()
    var folder = try KeptFolder(at: path, rules: rules)
    #expect(folder.imageCount == 2)
    #expect(try files(images) == [names[2], names[3]])
    #expect(try trainingData(path + "/nano").entries.map(\.objects.count) == [2, 2])
    // The next image continues.
    _ = try folder.keep(image("next"), of: header, at: time(9))
    try folder.write()
    let read = try trainingData(path + "/nano")
    #expect(read.issues == [] && read.entries.count == 3)
  }

  @Test("a journal of nonsense is no reason to follow a path or to fail")
  func hostileJournal() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/kept"
    do { _ = try KeptFolder(at: path, rules: KeepRules()) }
    try FileManager.default.createDirectory(atPath: path + "/nano", withIntermediateDirectories: true)
    try Data([1]).write(to: URL(filePath: scratch.path + "/precious"))
    let lines = [
      #"{"model":"nano","labels":["person","a \"car\"","dog"]}"#, #"{"removed":"../../../../precious"}"#,
      "[]", "{}",
      #"{"id":1e99,"image":"a.jpg","width":1,"height":1,"bytes":1,"time":1,"boxes":[]}"#,
      #"{"id":1,"image":"../a.jpg","width":1,"height":1,"bytes":1,"time":1,"boxes":[]}"#,
      #"{"id":2,"image":"a.jpg","width":1,"height":1,"bytes":1,"time":1,"boxes":[[1,2]]}"#, "\u{0}",
    ]
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path + "/nano/.journal"))
    let folder = try KeptFolder(at: path, rules: KeepRules())
    #expect(folder.imageCount == 0)
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/precious"))
  }

  @Test("links that are planted inside are not followed")
  func plantedLinks() throws {
    let scratch = try ScratchFolder()
    let (path, outside) = (scratch.path + "/kept", scratch.path + "/outside")
    let manager = FileManager.default
    try manager.createDirectory(atPath: outside, withIntermediateDirectories: true)
    try Data("precious".utf8).write(to: URL(filePath: outside + "/file"))
    var folder = try KeptFolder(at: path, rules: KeepRules())
    _ = try folder.keep(image(), of: header, at: time(0))
    // In place of the COCO file, and of the next image.
    let annotations = path + "/nano/annotations/instances_default.json"
    try manager.removeItem(atPath: annotations)
    try manager.createSymbolicLink(atPath: annotations, withDestinationPath: outside + "/file")
    try manager.createSymbolicLink(atPath: annotations + ".partial", withDestinationPath: outside + "/new")
    let next = path + "/nano/images/default/20251125T142621.123Z-a-2.png"
    try manager.createSymbolicLink(atPath: next, withDestinationPath: outside + "/new")
    // In place of another model's folder.
    try manager.createSymbolicLink(atPath: path + "/other", withDestinationPath: outside)
    _ = try folder.keep(image(), of: header, at: time(1))
    _ = try folder.keep(image(), of: KeptJournal.Header(model: "other", labels: ["x"]), at: time(1))
    try folder.write()
    #expect(try files(outside) == ["file"])
    #expect(try String(contentsOfFile: outside + "/file", encoding: .utf8) == "precious")
    #expect(try trainingData(path + "/nano").entries.count == 2)
    #expect(try trainingData(path + "/other-2").entries.count == 1)
    #expect(try mode(annotations) == 0o600)
  }

  @Test("a folder of links instead of its parts stops keeping")
  func replacedFolders() throws {
    let scratch = try ScratchFolder()
    let (path, outside) = (scratch.path + "/kept", scratch.path + "/outside")
    do {
      var folder = try KeptFolder(at: path, rules: KeepRules())
      _ = try folder.keep(image(), of: header, at: time(0))
    }
    try FileManager.default.moveItem(atPath: path + "/nano/images", toPath: outside)
    try FileManager.default.createSymbolicLink(atPath: path + "/nano/images", withDestinationPath: outside)
    #expect(throws: KeepError.self) { try KeptFolder(at: path, rules: KeepRules()) }
    #expect(try files(outside + "/default").count == 1)
  }

  // MARK: The start

  @Test("a link, a file, a folder that is read-only, of others or in use is rejected with the reason")
  func rejected() throws {
    let scratch = try ScratchFolder()
    let manager = FileManager.default
    func path(_ name: String) -> String { scratch.path + "/" + name }
    func reason(_ name: String) -> String {
      do throws(KeepError) {
        _ = try KeptFolder(at: path(name), rules: KeepRules())
        return ""
      } catch { return error.description }
    }
    try manager.createDirectory(atPath: path("real"), withIntermediateDirectories: false)
    try manager.createSymbolicLink(atPath: path("link"), withDestinationPath: path("real"))
    for name in ["link", "link/", "link/."] {
      #expect(reason(name).contains("is a symbolic link"), "\(name)")
    }
    try manager.createSymbolicLink(atPath: path("dangling"), withDestinationPath: path("nowhere"))
    #expect(reason("dangling").contains("is a symbolic link"))
    try Data().write(to: URL(filePath: path("file")))
    #expect(reason("file").contains("is not a folder"))
    #expect(reason("missing/inner").contains("no such file"))
    try manager.createDirectory(
      atPath: path("closed"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o500])
    #expect(reason("closed").contains("not writable"))
    try manager.createDirectory(atPath: path("data/train"), withIntermediateDirectories: true)
    #expect(reason("data").contains("files that the service did not write, such as 'train'"))
    #expect(try files(path("data")) == ["train"] && files(path("real")) == [])
    let first = try KeptFolder(at: path("real"), rules: KeepRules())
    #expect(reason("real").contains("in use by another service"))
    #expect(first.imageCount == 0)
  }
}
