/// Which anchors answer for which objects of an image, in the order of the anchors.
package struct Assignment: Sendable, Equatable {
  package struct Match: Sendable, Equatable {
    package let anchor: Int
    package let target: Int
    /// Of the predicted box with the object's.
    package let overlap: Float

    package init(anchor: Int, target: Int, overlap: Float) {
      self.anchor = anchor
      self.target = target
      self.overlap = overlap
    }
  }

  package let matches: [Match]

  package init(matches: [Match]) { self.matches = matches }
}
