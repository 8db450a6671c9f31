import Checkpoints

/// Files that appear whole or not at all.
enum WholeFile {
  static func write(_ bytes: [UInt8], to path: String) throws(TrainingError) {
    do {
      try PartialFile.replace(path, with: bytes)
    } catch {
      throw TrainingError(error, path: path)
    }
  }
}
