import COCO

/// A 64-bit FNV-1a hash over what a run depends on in its data. It detects a changed data set, not an attack.
struct Fingerprint {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  private mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  }

  private mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { add($0) }
  }

  private mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    add(text.utf8)
  }

  /// Of images, boxes and classes in their order, and the sizes of the files.
  static func of(_ annotations: Annotations, byteCounts: [Int: Int]) -> UInt64 {
    var hash = Fingerprint()
    for label in annotations.labels { hash.add(label) }
    for image in annotations.images {
      hash.add(image.fileName)
      for number in [image.id, image.width, image.height, byteCounts[image.id] ?? 0] {
        hash.add(UInt64(bitPattern: Int64(number)))
      }
    }
    for object in annotations.objects {
      for number in [object.imageID, object.categoryID, object.isCrowd ? 1 : 0] {
        hash.add(UInt64(bitPattern: Int64(number)))
      }
      for number in object.box { hash.add(number.bitPattern) }
    }
    return hash.value
  }
}
