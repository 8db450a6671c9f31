import ArgumentParser
import Foundation
import TestSupport
import Testing
import TrainCLI

@Suite("Options of yolox-train")
struct CommandTests {
  private let required = ["--data", "d", "--output", "o"]

  @Test(
    "values that no run can have are rejected with the option's name",
    arguments: [
      ["--mosaic", "7"], ["--mosaic", "nan"], ["--mixup", "-0.5"], ["--copy-paste", "2"],
      ["--learning-rate", "0"], ["--learning-rate", "inf"], ["--center-radius", "-1"], ["--ema-tau", "0"],
      ["--clip-grad-norm", "nan"], ["--warmup-epochs", "-1"], ["--no-aug-epochs", "-1"], ["--patience", "0"],
      ["--size", "100"], ["--size", "999936"], ["--val-split", "1"], ["--threads", "0"], ["--epochs", "0"],
      ["--mosaic-scale", "2-1"], ["--model", "huge"], ["--head", "none"], ["--freeze-backbone"],
    ])
  func ranges(option: [String]) throws {
    let name = try #require(option.first)
    #expect {
      _ = try TrainCommand.parseAsRoot(["fit"] + required + option)
    } throws: {
      TrainCommand.message(for: $0).contains(name)
    }
  }

  @Test("the paper's comparison of augmentations can be asked for")
  func augmentations() throws {
    _ = try TrainCommand.parseAsRoot(
      ["fit"] + required + [
        "--mosaic", "1", "--mosaic-scale", "0.1-2", "--mixup", "0.5", "--assignment", "ota",
      ])
  }

  @Test("one command exports all formats; options of a format that is not written are rejected")
  func export() throws {
    let export = ["export", "--run", "r"]
    _ = try TrainCommand.parseAsRoot(
      export + [
        "--output", "a.onnx", "a.pth", "a.safetensors", "--opset", "17", "--decode", "--dtype", "f16",
      ])
    for wrong in [
      ["--output", "a.onnx", "a.txt"], ["--output", "a.pth", "--decode"],
      ["--output", "a.onnx", "--dtype", "f16"],
      ["--output", "a.onnx", "--opset", "12"],
    ] {
      #expect(throws: (any Error).self) { try TrainCommand.parseAsRoot(export + wrong) }
    }
  }

  @Test("audit takes labelled data or a folder of images, not both")
  func audit() throws {
    let audit = ["audit", "--weights", "w", "--output", "o"]
    _ = try TrainCommand.parseAsRoot(audit + ["--data", "d"])
    _ = try TrainCommand.parseAsRoot(audit + ["--unlabelled", "d"])
    for wrong in [[], ["--data", "d", "--unlabelled", "d"], ["--data", "d", "--count", "0"]] {
      #expect(throws: (any Error).self) { try TrainCommand.parseAsRoot(audit + wrong) }
    }
  }

  @Test("the version is that of yolox")
  func version() throws {
    func version(_ path: String) throws -> Substring {
      let text = try String(contentsOf: SharedData.projectRoot.appending(path: path), encoding: .utf8)
      return try #require(text.split(separator: "\"").dropFirst().first)
    }
    #expect(
      try version("Sources/TrainCLI/Version.swift") == version("Sources/CLI/Settings/Version.swift"))
  }
}
