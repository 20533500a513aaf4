class a($b,$c=1,$d='e',String$f="g",Integer[1]$h=2){}class b::c{}define d($e){}
class	tabs	(	$a	=	1	,	)	{	}
class e() inherits ::a::params{}
class f ( ) { }
class g
(
)
{
}
