/// What names of classes must satisfy to be stored with weights.
enum ClassNames {
  /// - Throws: ``TrainingError/unusableData(path:reason:)`` for no class, a name that occurs twice, is empty or has a line
  ///   break.
  static func check(_ names: [String], path: String) throws(TrainingError) {
    guard !names.isEmpty else {
      throw .unusableData(path: path, reason: "the data set of this image has no classes")
    }
    var seen: Set<String> = []
    for name in names {
      guard !name.allSatisfy(\.isWhitespace), !name.contains(where: \.isNewline) else {
        throw .unusableData(
          path: path, reason: "the data set of this image has an empty class name or one with a line break")
      }
      guard seen.insert(name).inserted else {
        throw .unusableData(
          path: path, reason: "the data set of this image has two classes with the name '\(name)'")
      }
    }
  }
}
