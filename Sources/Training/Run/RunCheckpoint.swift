import Checkpoints
import Engine
import FoundationCompatibility

/// The checkpoint files of a run: `last.safetensors`, and `previous.safetensors`, the one before it.
package enum RunCheckpoint {
  /// Increases with every incompatible change of ``RunState``.
  package static let version = 4

  private enum Key {
    static let state = "run_state"
    static let version = "run_state_version"
    static let checksums = "run_state_checksums"
  }

  package static func lastPath(_ folder: String) -> String { folder + "/last.safetensors" }
  package static func previousPath(_ folder: String) -> String { folder + "/previous.safetensors" }

  package static func exists(in folder: String) -> Bool {
    [lastPath(folder), previousPath(folder)].contains(where: FileManager.default.fileExists)
  }

  /// Replaces the last checkpoint atomically and keeps the one before it.
  ///
  /// - Parameter isLastVerified: whether the last checkpoint is known to be sound, as this process wrote it. Otherwise it is
  ///   read, because a damaged one must not take the place of a sound previous one.
  static func write(
    _ state: RunState, _ buffers: [String: FloatBuffer], in folder: String, isLastVerified: Bool = false
  ) throws(TrainingError) {
    let (last, previous) = (lastPath(folder), previousPath(folder))
    if FileManager.default.fileExists(atPath: last), isLastVerified || (try? read(last)) != nil {
      // A hard link costs no space. File systems without links keep one checkpoint only.
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
      throw .unreadableCheckpoint(path: path, reason: "contains weights, not the state of a run")
    }
    // Version 1 did not store its number.
    let found = checkpoint.metadata[Key.version].flatMap { Int($0) } ?? 1
    guard found == version else {
      throw .unsupportedCheckpoint(path: path, version: found, expected: version)
    }
    do {
      let decoder = JSONDecoder()
      let state = try decoder.decode(RunState.self, from: Data(text.utf8))
      let checksums = try decoder.decode(
        [String: UInt32].self, from: Data((checkpoint.metadata[Key.checksums] ?? "").utf8))
      let damaged = checkpoint.tensors.filter { checksums[$0.key] != checksum($0.value) }.keys.sorted()
      guard damaged.isEmpty else {
        throw TrainingError.unreadableCheckpoint(
          path: path, reason: "damaged: the checksum of \(damaged.joined(separator: ", ")) does not match")
      }
      return (state, checkpoint.tensors)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .unreadableCheckpoint(path: path, reason: "the state of the run is damaged: \(error)")
    }
  }

  /// Reads the last checkpoint of the run in `folder`, or the previous one if the last is damaged.
  ///
  /// - Parameter report: called with a message if the last checkpoint is damaged.
  package static func latest(
    in folder: String, report: (String) -> Void = { _ in }
  ) throws(TrainingError) -> (state: RunState, tensors: Parameters) {
    do {
      return try read(lastPath(folder))
    } catch {
      guard case .unreadableCheckpoint = error, let earlier = try? read(previousPath(folder)) else {
        throw error
      }
      report("\(error); resuming from the previous checkpoint, \(previousPath(folder))")
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
