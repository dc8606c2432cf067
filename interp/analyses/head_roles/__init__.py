"""Roles of heads: what each attends to, in a word."""

from interp.analyses.head_roles.role import AT_LEAST, ROLES, HeadRole, Role, RoleKey
from interp.analyses.head_roles.roles import HeadRoles, Roles, head_roles

__all__ = ["AT_LEAST", "ROLES", "HeadRole", "HeadRoles", "Role", "RoleKey", "Roles", "head_roles"]
