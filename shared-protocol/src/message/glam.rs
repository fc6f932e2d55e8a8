//! `Message` for glam's vectors, quaternions and matrices. Each has the shape of a plain array of its numbers,
//! column by column, so a peer without glam writes `[f32; 3]` for a `Vec3` and means the same.

use glam::{
    Affine2, Affine3A, DAffine2, DAffine3, DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4, I64Vec2, I64Vec3,
    I64Vec4, IVec2, IVec3, IVec4, Mat2, Mat3, Mat3A, Mat4, Quat, U64Vec2, U64Vec3, U64Vec4, UVec2, UVec3,
    UVec4, Vec2, Vec3, Vec3A, Vec4,
};

use super::{Message, Shape};

macro_rules! arrays {
    ($($type:ty = [$element:ident; $len:literal]),* $(,)?) => {
        $(impl Message for $type {
            const SHAPE: &'static Shape = &Shape::Array(&Shape::$element, $len);
        })*
    };
}

arrays! {
    Vec2 = [F32; 2], Vec3 = [F32; 3], Vec3A = [F32; 3], Vec4 = [F32; 4], Quat = [F32; 4],
    DVec2 = [F64; 2], DVec3 = [F64; 3], DVec4 = [F64; 4], DQuat = [F64; 4],
    IVec2 = [I32; 2], IVec3 = [I32; 3], IVec4 = [I32; 4],
    UVec2 = [U32; 2], UVec3 = [U32; 3], UVec4 = [U32; 4],
    I64Vec2 = [I64; 2], I64Vec3 = [I64; 3], I64Vec4 = [I64; 4],
    U64Vec2 = [U64; 2], U64Vec3 = [U64; 3], U64Vec4 = [U64; 4],
    Mat2 = [F32; 4], Mat3 = [F32; 9], Mat3A = [F32; 9], Mat4 = [F32; 16],
    DMat2 = [F64; 4], DMat3 = [F64; 9], DMat4 = [F64; 16],
    Affine2 = [F32; 6], Affine3A = [F32; 12], DAffine2 = [F64; 6], DAffine3 = [F64; 12],
}
