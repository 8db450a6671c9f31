import CLI
import Checkpoints
import Engine
import Foundation
import Imaging
import TestSupport
import Testing
import YOLOX

/// Runs of the built command in a folder of their own, with random weights for 64 x 64 pixels.
private struct CommandRun {
  let folder = URL.temporaryDirectory.appending(path: "yolox-\(UUID().uuidString)")

  struct Outcome {
    let code: Int32
    let output: String
    let errors: String
  }

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let graph = Graph.yolox(Variant.nano.architecture, classCount: 80)
    try Safetensors.write(
      graph.randomParameters(),
      metadata: ModelMetadata.values(
        architecture: Variant.nano.architecture, labels: cocoLabels,
        inputSize: try #require(InputSize("64")), preprocessing: .standard),
      to: folder.path + "/w.safetensors")
  }

  func copyImage(_ name: String) throws {
    let target = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Fixture.data("Imaging/rgb8.png").write(to: target)
  }

  func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: name).path)
  }

  /// - Parameter output: a device instead of a pipe.
  func callAsFunction(
    _ arguments: String..., input: URL = URL(filePath: "/dev/null"), output: String? = nil
  ) throws -> Outcome {
    let process = Process()
    // The command lies beside the tests.
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "yolox")
    if let tests = CommandLine.arguments.first(where: { $0.hasSuffix(".xctest") }) {
      process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "yolox")
    }
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let (out, err) = (folder.path + "/.out", folder.path + "/.err")
    for path in [out, err] { FileManager.default.createFile(atPath: path, contents: nil) }
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try #require(FileHandle(forWritingAtPath: output ?? out))
    process.standardError = try #require(FileHandle(forWritingAtPath: err))
    try process.run()
    process.waitUntilExit()
    func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    return Outcome(code: process.terminationStatus, output: text(out), errors: text(err))
  }
}

@Suite("yolox detect", .computing)
struct DetectRunTests {
  private struct Record: Decodable {
    let imageId: Int
    let categoryId: Int
    let fileName: String

    static var decoder: JSONDecoder {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return decoder
    }
  }

  @Test("writes COCO's category ids, and image ids that do not collide, with the file's name")
  func coco() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    for name in ["a.png", "0.png", "1.png", "x/1.png"] { try run.copyImage(name) }
    let found = try run(
      "detect", "--weights", "w.safetensors", "--threads", "1", "--score-threshold", "0", "--classes", "dog",
      "--max-detections", "1", "--format", "coco", "a.png", "0.png", "1.png", "x/1.png")
    #expect(found.code == 0, "\(found.errors)")
    let records = try Record.decoder.decode([Record].self, from: Data(found.output.utf8))
    #expect(records.map(\.fileName) == ["a.png", "0.png", "1.png", "x/1.png"])
    #expect(records.map(\.categoryId) == [18, 18, 18, 18], "COCO's id of a dog")
    #expect(records.map(\.imageId) == [2, 0, 1, 3])
  }

  @Test("writes the ids of --annotations")
  func annotations() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try run.copyImage("a.png")
    try run.copyImage("b.png")
    let categories = cocoLabels.enumerated().map {
      ["id": 1000 - $0.offset, "name": $0.element] as [String: Any]
    }
    let file: [String: Any] = [
      "images": [["id": 77, "file_name": "a.png", "width": 8, "height": 8]], "categories": categories,
      "annotations": [],
    ]
    try JSONSerialization.data(withJSONObject: file).write(to: run.folder.appending(path: "gt.json"))
    let found = try run(
      "detect", "--weights", "w.safetensors", "--score-threshold", "0", "--classes", "dog",
      "--max-detections", "1",
      "--format", "coco", "--annotations", "gt.json", "a.png", "b.png")
    let records = try Record.decoder.decode([Record].self, from: Data(found.output.utf8))
    #expect(records.map(\.imageId) == [77] && records.map(\.categoryId) == [984])
    #expect(found.code == 1 && found.errors.contains("b.png: not an image of --annotations"))
  }

  @Test("never overwrites an image, and results only if told so; sub-folders are kept")
  func overwriting() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try run.copyImage("a/1.png")
    try run.copyImage("b/1.png")
    let image = try Fixture.data("Imaging/rgb8.png")
    let own = try run("detect", "--weights", "w.safetensors", "a/1.png", "--output", "a")
    #expect(own.code == 1 && own.errors.contains("would overwrite the image a/1.png"), "\(own.errors)")
    #expect(try Data(contentsOf: run.folder.appending(path: "a/1.png")) == image)
    let forced = try run("detect", "--weights", "w.safetensors", "a/1.png", "--output", "a", "--overwrite")
    #expect(forced.code == 1)
    #expect(try Data(contentsOf: run.folder.appending(path: "a/1.png")) == image)

    let both = try run("detect", "--weights", "w.safetensors", "a/1.png", "b/1.png", "--output", "out")
    #expect(both.code == 0 && run.has("out/a/1.png") && run.has("out/b/1.png"), "\(both.errors)")
    let again = try run("detect", "--weights", "w.safetensors", "a", "b", "--output", "out")
    #expect(again.code == 1 && again.errors.contains("add --overwrite"))
    #expect(try run("detect", "--weights", "w.safetensors", "*/1.png", "--output", "o2").code == 0)
    #expect(run.has("o2/a/1.png"))
    #expect(
      try run("detect", "--weights", "w.safetensors", "a", "b", "--output", "out", "--overwrite").code == 0)
  }

  @Test(
    "fails if an argument names no image, and says why",
    arguments: [
      ("empty", "no images"), ("nope/*.jpg", "no file matches"), ("nope.jpg", "no such file"),
      ("w.safetensors", "not a JPEG"),
    ])
  func nothing(argument: String, message: String) throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try FileManager.default.createDirectory(
      at: run.folder.appending(path: "empty"), withIntermediateDirectories: false)
    try run.copyImage("a.png")
    let alone = try run("detect", "--weights", "w.safetensors", argument)
    #expect(alone.code == 1 && alone.errors.contains(message), "\(alone.errors)")
    let beside = try run("detect", "--weights", "w.safetensors", argument, "a.png")
    #expect(beside.code == 1 && beside.output.contains("a.png: "))
  }

  @Test("reads standard input, and fails if standard output cannot be written")
  func streams() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    let image = Fixture.url("Imaging/rgb8.png")
    let found = try run("detect", "--weights", "w.safetensors", "-", input: image)
    #expect(found.code == 0 && found.output.hasPrefix("-: "), "\(found.errors)")
    for arguments in [
      ["detect", "--weights", "w.safetensors", "-"], ["labels", "--weights", "w.safetensors"], ["--help"],
    ] {
      let full =
        switch arguments.count {
        case 4:
          try run(arguments[0], arguments[1], arguments[2], arguments[3], input: image, output: "/dev/full")
        case 3: try run(arguments[0], arguments[1], arguments[2], output: "/dev/full")
        default: try run(arguments[0], output: "/dev/full")
        }
      #expect(full.code == 1 && full.errors.contains("standard output cannot be written"), "\(arguments)")
    }
  }

  @Test("rejects options with the usage of the command, and unknown classes with a suggestion")
  func messages() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try run.copyImage("a.png")
    let option = try run("detect", "--max-detections", "0", "a.png")
    #expect(option.code == 64 && option.errors.contains("--max-detections must be at least 1"))
    #expect(option.errors.contains("yolox detect"))
    let named = try run("detect", "--weights", "w.safetensors", "--classes", "dgo", "a.png")
    #expect(named.code == 1 && named.errors.contains("did you mean 'dog'?"))
    let int8 = try run("detect", "--weights", "w.safetensors", "--precision", "int8", "a.png")
    #expect(int8.code == 1 && int8.errors.contains("yolox weights quantize"))
  }

  @Test("names the fault of a file that cannot be read, without a dump of the error")
  func unreadable() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try FileManager.default.createDirectory(
      at: run.folder.appending(path: "d"), withIntermediateDirectories: false)
    for (file, reason) in [("nope.json", "no such file"), ("d", "is a folder")] {
      let found = try run("eval", "--annotations", file, "--results", file)
      #expect(found.code == 1 && found.errors.contains("\(file): \(reason)"), "\(found.errors)")
      #expect(!found.errors.contains("Error Domain") && !found.errors.contains("CocoaError"))
    }
    try run.copyImage("a.png")
    let weights = try run("detect", "--weights", "nope.onnx", "a.png")
    #expect(weights.code == 1 && weights.errors.contains("nope.onnx"))
  }

  @Test("results written with --save do not replace a device or a link")
  func save() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    let set =
      #"{"images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}], "#
      + #""categories": [{"id": 1, "name": "dog"}], "annotations": []}"#
    try Data(set.utf8).write(to: run.folder.appending(path: "gt.json"))
    try Data("[]".utf8).write(to: run.folder.appending(path: "r.json"))
    let link = run.folder.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target.json")
    #expect(try run("eval", "--annotations", "gt.json", "--results", "r.json", "--save", "link").code == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target.json")
    #expect(run.has("target.json"))
    #expect(
      try run("eval", "--annotations", "gt.json", "--results", "r.json", "--save", "/dev/null").code == 0)
    let full = try run("eval", "--annotations", "gt.json", "--results", "r.json", "--save", "/dev/full")
    #expect(full.code == 1, "\(full.errors)")
  }

  @Test(
    "a weights file that its user cannot read is named with the cause",
    arguments: [
      ("/home/me/best.onnx", EACCES, "/var/lib/yolox"), ("/srv/best.onnx", EACCES, "chmod 0644"),
      ("/srv/best.onnx", ENOENT, "no such file"),
    ])
  func closedWeights(path: String, error: Int32, advice: String) {
    #expect(unreadableReason(path, error: error).contains(advice))
  }

  @Test("completes names of weights, weights files and folders")
  func completions() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    try FileManager.default.createDirectory(
      at: run.folder.appending(path: "wide"), withIntermediateDirectories: false)
    let found = weightsCompletions(of: run.folder.path + "/w")
    #expect(found == [run.folder.path + "/w.safetensors", run.folder.path + "/wide/"])
    let script = try run("--generate-completion-script", "bash")
    #expect(script.code == 0 && script.output.contains("---completion detect"))
  }

  @Test("labels lists the classes in the order of their indices")
  func labels() throws {
    let run = try CommandRun()
    defer { try? FileManager.default.removeItem(at: run.folder) }
    let found = try run("labels", "--weights", "w.safetensors")
    #expect(found.code == 0 && found.output == cocoLabels.joined(separator: "\n") + "\n")
  }
}
