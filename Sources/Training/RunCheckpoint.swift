import Checkpoints
import Engine

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The files from which a run goes on: `last.safetensors`, and `previous.safetensors`, which was the last one before.
package enum RunCheckpoint {
  /// Counts up with every change of ``RunState`` that an earlier program would not understand, or the other way round.
  package static let version = 2

  private enum Key {
    static let state = "run_state"
    static let version = "run_state_version"
    static let checksums = "run_state_checksums"
  }

  package static func lastPath(_ folder: String) -> String { folder + "/last.safetensors" }
  package static func previousPath(_ folder: String) -> String { folder + "/previous.safetensors" }

  package static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: lastPath(folder))
  }

  /// Writes a new last checkpoint. The file appears whole or not at all; the earlier one is there at any time.
  static func write(
    _ state: RunState, _ buffers: [String: FloatBuffer], in folder: String
  ) throws(TrainingError) {
    let (last, previous) = (lastPath(folder), previousPath(folder))
    if exists(in: folder) {
      // A second name for the same bytes. File systems without links have to do with one checkpoint.
      try? FileManager.default.removeItem(atPath: previous)
      try? FileManager.default.linkItem(atPath: last, toPath: previous)
    }
    let tensors = buffers.mapValues { Tensor(shape: [$0.count], values: $0.values) }
    let metadata = [
      Key.state: try json(state, last), Key.version: "\(version)",
      Key.checksums: try json(tensors.mapValues(checksum), last),
    ]
    do throws(CheckpointError) {
      try Safetensors.write(tensors, metadata: metadata, to: last)
    } catch {
      throw TrainingError(error, path: last)
    }
  }

  package static func read(_ path: String) throws(TrainingError) -> (state: RunState, tensors: Parameters) {
    let checkpoint: Checkpoint
    do {
      checkpoint = try Checkpoint.open(path)
    } catch {
      throw .unreadableCheckpoint(path: path, reason: error.description)
    }
    guard let text = checkpoint.metadata[Key.state] else {
      throw .unreadableCheckpoint(path: path, reason: "holds weights, not the state of a run")
    }
    // The first version did not say which it is.
    let found = checkpoint.metadata[Key.version].flatMap { Int($0) } ?? 1
    guard found == version else { throw .foreignCheckpoint(path: path, version: found, expected: version) }
    do {
      let decoder = JSONDecoder()
      let state = try decoder.decode(RunState.self, from: Data(text.utf8))
      let checksums = try decoder.decode(
        [String: UInt32].self, from: Data((checkpoint.metadata[Key.checksums] ?? "").utf8))
      let damaged = checkpoint.tensors.filter { checksums[$0.key] != checksum($0.value) }.keys.sorted()
      guard damaged.isEmpty else {
        throw TrainingError.unreadableCheckpoint(
          path: path, reason: "damaged: the checksum of \(damaged.joined(separator: ", ")) is another one")
      }
      return (state, checkpoint.tensors)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .unreadableCheckpoint(path: path, reason: "its description of the run is damaged: \(error)")
    }
  }

  /// The last checkpoint of the run in `folder` or, where that one is damaged, the one before.
  ///
  /// - Parameter report: told if so.
  package static func latest(
    in folder: String, report: (String) -> Void = { _ in }
  ) throws(TrainingError) -> (state: RunState, tensors: Parameters) {
    do {
      return try read(lastPath(folder))
    } catch {
      guard case .unreadableCheckpoint = error, let earlier = try? read(previousPath(folder)) else {
        throw error
      }
      report("\(error); going on from the checkpoint before it, \(previousPath(folder))")
      return earlier
    }
  }

  private static func json(_ value: some Encodable, _ path: String) throws(TrainingError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
  }

  private static func checksum(_ tensor: Tensor) -> UInt32 {
    tensor.values.withUnsafeBytes { CRC32.castagnoli($0) }
  }
}
