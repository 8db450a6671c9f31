import Checkpoints
import Engine
import Foundation
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Run checkpoint", .computing)
struct RunCheckpointTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)").path
  private var last: String { RunCheckpoint.lastPath(folder) }

  /// A folder with two checkpoints: after two iterations, and before the first.
  private func withRun(_ body: () throws -> Void) throws {
    let (data, annotations) = try TrainerTests.shapes()
    defer {
      for path in [data.path, folder] { try? FileManager.default.removeItem(atPath: path) }
    }
    var options = TrainingOptions(variant: .nano, epochs: 2, batchSize: 4, threads: 1)
    options.inputSize = 32
    let trainer = try Trainer(
      options: options, training: DetectionDataset(annotations: annotations, images: data.path),
      validation: nil, weights: nil, folder: folder, report: { _ in })
    var iterations = 0
    let ending = try trainer.run {
      iterations += 1
      return iterations == 2
    }
    #expect(ending == .stopped)
    try body()
  }

  private func change(_ path: String, _ body: (inout Data) -> Void) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    body(&bytes)
    try bytes.write(to: URL(filePath: path))
  }

  @Test("a flipped bit or a truncated file is detected, and the previous checkpoint is used")
  func damage() throws {
    try withRun {
      #expect(try RunCheckpoint.latest(in: folder).state.iteration == 2)
      #expect(try RunCheckpoint.read(RunCheckpoint.previousPath(folder)).state.iteration == 0)

      try change(last) { $0[$0.count / 2] ^= 0x10 }
      #expect {
        try RunCheckpoint.read(last)
      } throws: {
        "\($0)".contains("damaged: the checksum of")
      }
      var lines: [String] = []
      #expect(try RunCheckpoint.latest(in: folder) { lines.append($0) }.state.iteration == 0)
      #expect(lines.count == 1 && lines[0].contains("previous.safetensors"))

      try change(last) { $0.removeLast($0.count / 3) }
      #expect(try RunCheckpoint.latest(in: folder).state.iteration == 0)
      try FileManager.default.removeItem(atPath: last)
      #expect(try RunCheckpoint.latest(in: folder).state.iteration == 0)

      try change(RunCheckpoint.previousPath(folder)) { $0 = Data() }
      #expect(throws: TrainingError.self) { try RunCheckpoint.latest(in: folder) }
    }
  }

  @Test(
    "a damaged checkpoint never takes the place of the sound previous one, not even where the disk is full")
  func rotation() throws {
    let (data, annotations) = try TrainerTests.shapes()
    defer { try? FileManager.default.removeItem(at: data) }
    func trainer() throws -> Trainer {
      var options = TrainingOptions(variant: .nano, epochs: 2, batchSize: 4, threads: 1)
      options.inputSize = 32
      return try Trainer(
        options: options, training: DetectionDataset(annotations: annotations, images: data.path),
        validation: nil, weights: nil, folder: folder, report: { _ in })
    }
    try withRun {
      try change(last) { $0[$0.count / 2] ^= 0x10 }
      let (state, tensors) = try RunCheckpoint.latest(in: folder)
      let resumed = try trainer()
      try resumed.resume(state, tensors)

      // A folder in the place of the temporary file stands for a full disk.
      let partial = last + ".partial"
      try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      #expect(throws: TrainingError.self) { try resumed.save() }
      #expect(try RunCheckpoint.read(RunCheckpoint.previousPath(folder)).state.iteration == 0)
      try FileManager.default.removeItem(atPath: partial)

      try resumed.save()
      #expect(try RunCheckpoint.read(RunCheckpoint.previousPath(folder)).state.iteration == 0)
      #expect(try RunCheckpoint.read(last).state.iteration == 0)
    }
  }

  @Test("a run whose last checkpoint was deleted is still a run")
  func previousOnly() throws {
    try withRun {
      try FileManager.default.removeItem(atPath: last)
      #expect(RunCheckpoint.exists(in: folder))
    }
  }

  @Test("checkpoints of other versions are distinguished from damaged ones and from weights")
  func versions() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (version, metadata) in [(1, [:]), (9, ["run_state_version": "9"])] {
      try Safetensors.write(
        [:], metadata: metadata.merging(["run_state": "{}"]) { $1 }, to: last)
      #expect(
        throws: TrainingError.unsupportedCheckpoint(
          path: last, version: version, expected: RunCheckpoint.version)
      ) { try RunCheckpoint.latest(in: folder) }
    }
    try Safetensors.write([:], to: last)
    #expect {
      try RunCheckpoint.latest(in: folder)
    } throws: {
      "\($0)".contains("contains weights, not the state of a run")
    }
  }
}
