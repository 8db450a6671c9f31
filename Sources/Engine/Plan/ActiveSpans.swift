/// Where the spans of a mask lie and what they come from.
struct ActiveSpans {
  /// In floats from the start of the image's memory: for each reach from 0 on and each row two words, the first pixel
  /// and the one after the last.
  let offset: Int
  let height: Int
  let reaches: Int

  var size: Int { 2 * height * reaches }

  /// The pixels of `row` that a step with `reach` has to compute.
  func span(reach: Int, row: Int, memory: UnsafePointer<Float>) -> Range<Int> {
    let words =
      UnsafeRawPointer(memory + offset).assumingMemoryBound(to: Int32.self) + 2 * (reach * height + row)
    return Int(words[0])..<Int(words[1])
  }
}
