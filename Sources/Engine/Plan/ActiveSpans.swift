/// The location in memory of a mask's spans, and the map that they are computed from.
struct ActiveSpans {
  /// Offset in floats in the image's memory. Holds two words for each reach and row: the first pixel and the pixel after the
  /// last.
  let offset: Int
  let height: Int
  let reaches: Int

  var size: Int { 2 * height * reaches }

  /// The pixels of `row` that a step with `reach` computes.
  func span(reach: Int, row: Int, memory: UnsafePointer<Float>) -> Range<Int> {
    let words =
      UnsafeRawPointer(memory + offset).assumingMemoryBound(to: Int32.self) + 2 * (reach * height + row)
    return Int(words[0])..<Int(words[1])
  }
}
