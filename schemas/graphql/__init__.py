"""GraphQL (图查询): how front ends and developers ask. Decides nothing; it only asks keepers."""
